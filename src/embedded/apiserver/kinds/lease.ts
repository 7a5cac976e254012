import { objectOf } from '../json.ts';
import { COMMON, type Kind } from '../kind.ts';
import { leaseSchema } from '../kind-schemas.ts';
import { validateLease } from '../validation/lease.ts';

/** pkg/registry/coordination/lease/strategy.go. */
export const leaseKind: Kind = {
  ...COMMON,
  group: 'coordination.k8s.io',
  kind: 'Lease',
  resource: 'leases',
  singular: 'lease',
  storageVersionHash: 'gqkMMb/YqFM=',
  storage: 'leases',
  schema: leaseSchema,
  prepare: (object) => {
    // Fields of an alpha feature (CoordinatedLeaderElection), which is off.
    const { strategy: _strategy, preferredHolder: _preferredHolder, ...spec } = objectOf(object.spec);
    object.spec = spec;
  },
  validate: validateLease,
  createsOnUpdate: true,
};

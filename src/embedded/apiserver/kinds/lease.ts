import { objectOf } from '../json.ts';
import { COMMON, type Kind } from '../kind.ts';
import { kind } from '../schema/common-schemas.ts';
import { int32, microTime, pointer, string, struct } from '../schema/schema.ts';
import { validateLease } from '../validation/lease.ts';

const leaseSchema = kind('Lease', {
  spec: struct('LeaseSpec', {
    holderIdentity: pointer(string),
    leaseDurationSeconds: pointer(int32),
    acquireTime: pointer(microTime),
    renewTime: pointer(microTime),
    leaseTransitions: pointer(int32),
    strategy: pointer(string),
    preferredHolder: pointer(string),
  }),
});

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

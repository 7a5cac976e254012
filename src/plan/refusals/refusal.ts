import type { Ownership } from '../ownership.ts';

/** Why something is not written. */
export interface Refusal {
  /** `Refused`: a person should look. `Pending`: something else must happen first. */
  readonly phase: 'Refused' | 'Pending';
  readonly reason: RefusalReason;
  readonly message: string;
  /**
   * `everything`: nothing is written. `Service`, `Endpoints`: this object stays as it is. `slices`: foreign slices stay
   * beside ours. Outside the scope, what is ours already is kept up to date: an edit nearby must not end the health
   * checks of a database (`docs/adr/0008`).
   */
  readonly scope: 'everything' | 'Service' | 'Endpoints' | 'slices';
}

export type RefusalReason =
  | 'ServiceNotFound'
  | 'ServiceTerminating'
  | 'ServiceHasSelector'
  | 'ServiceNotOurs'
  | 'OwnedByOtherInstance'
  | 'OwnedByOtherList'
  | 'EndpointsNotOurs'
  | 'SlicesNotOurs'
  | 'EndpointsAreLock'
  | 'ServiceOwnedByCluster'
  | 'ServicePortMissing'
  | 'TrafficPolicyLocal'
  | 'ClusterIPImmutable'
  | 'IPFamiliesImmutable'
  | 'IPFamilyNotInCluster'
  | 'FieldConflict'
  | 'WouldLeaveNoneReady';

/** One reason to refuse something; undefined when it does not apply. */
export type Rule = (ownership: Ownership) => Refusal | undefined;

import type { PlanContext } from './plan-input.ts';

/** Why something is left alone. */
export interface Refusal {
  readonly phase: 'Refused' | 'Pending';
  readonly reason: RefusalReason;
  readonly message: string;
  /**
   * How far it reaches. `everything`: nothing is written. `Service`, `Endpoints`: that object is left as it is.
   * `slices`: somebody else's slices stay beside ours. What else is ours already is kept true then: whoever hangs a
   * database on it must not lose its health checks because somebody edited something nearby.
   */
  readonly scope: 'everything' | 'Service' | 'Endpoints' | 'slices';
}

export type RefusalReason =
  | 'ServiceNotFound'
  | 'ServiceTerminating'
  | 'ServiceHasSelector'
  | 'ServiceNotOurs'
  | 'OwnedByOtherInstance'
  | 'EndpointsNotOurs'
  | 'SlicesNotOurs'
  | 'EndpointsAreLock'
  | 'ServicePortMissing'
  | 'TrafficPolicyLocal'
  | 'ClusterIPImmutable'
  | 'IPFamiliesImmutable'
  | 'IPFamilyNotInCluster'
  | 'FieldConflict'
  | 'WouldLeaveNoneReady';

/** A reason to leave something of a target's alone, or undefined when there is none. */
export type Rule = (ground: PlanContext) => Refusal | undefined;

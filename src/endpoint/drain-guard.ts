import {
  type Assessment,
  type PortAssessment,
  type PublishedReadiness,
  readyAddressCount,
  servedNow,
  withReadiness,
} from './assessment.ts';

/**
 * Suspends drains when this worker may have lost its connectivity (invariant 10). Two signs: more than `maxDrain` of all
 * published addresses would turn not ready within ten minutes, across unrelated targets; or no route was found.
 *
 *     all drains are in one target, or of one    the API server answers, so the network works: drained
 *     address of several targets
 *     otherwise                                  suspended, together with all later drains. Drained when a check
 *                                                succeeds afterwards, or with `--accept-drain`
 */
export interface DrainGuardInput {
  readonly targets: readonly GuardedTarget[];
  /** Ready addresses of targets outside this decision. */
  readonly readyInOtherTargets: number;
  readonly maxDrainPercent: number;
  /** `--accept-drain`. */
  readonly acceptDrain: boolean;
  /** The API server answered recently. */
  readonly referenceReachable: boolean;
  readonly state: DrainGuardState;
  /** When a check last succeeded, on the monotonic clock; -Infinity: none ever did. */
  readonly lastSuccessfulProbeMs: number;
  readonly nowMs: number;
}

export interface GuardedTarget {
  readonly key: string;
  readonly assessments: readonly Assessment[];
  readonly published: PublishedReadiness;
  /** Another process decided about it before: the recent drains of that process are read from what is published. */
  readonly recoversPublished?: boolean | undefined;
}

/** What the guard remembers from decision to decision. */
export interface DrainGuardState {
  /** Recent drains, each address once: many small decisions count as one large one. */
  readonly recent: readonly RecentDrain[];
  /** Since when drains are suspended; undefined: they are not. */
  readonly suspectSinceMs: number | undefined;
  /** When a drain was last suspended. */
  readonly lastSuspendedAtMs: number;
  /** All drains are suspended, and not only those without a route. */
  readonly suspectsAll: boolean;
}

export interface RecentDrain {
  readonly target: string;
  readonly address: string;
  readonly atMs: number;
  /** How many addresses of all targets were ready before. Standbys that became ready since do not count. */
  readonly readyBefore: number;
}

/** The reason of an address that stays ready because its drain is suspended. */
export const SUSPENDED = 'VantageSuspect';

export const NO_SUSPICION: DrainGuardState = {
  recent: [],
  suspectSinceMs: undefined,
  lastSuspendedAtMs: Number.NEGATIVE_INFINITY,
  suspectsAll: false,
};

/** The suspicion of a previous process. Its cause is unknown, so it covers all drains. */
export function recalledSuspicion(suspectSinceMs: number | undefined, nowMs: number): DrainGuardState {
  if (suspectSinceMs === undefined) return NO_SUSPICION;
  return { recent: [], suspectSinceMs, lastSuspendedAtMs: nowMs, suspectsAll: true };
}

export interface DrainGuardResult {
  /** In the order of the input. Addresses whose drain is suspended stay ready. */
  readonly assessments: readonly (readonly Assessment[])[];
  /** How many addresses verdicts of this decision turn not ready, suspended ones included. */
  readonly drainedAddresses: number;
  readonly state: DrainGuardState;
}

/**
 * Drains within this time count as one, except addresses that are healthy again. It covers checks with intervals of
 * some minutes: each of them notices a lost connection only at its next run.
 */
const RECENT_MS = 600_000;

/** A suspicion ends after this time without a suspended drain: the addresses became healthy again. */
const FORGOTTEN_AFTER_MS = 60_000;

/** A check that succeeds at least this long after the suspicion began shows that the network works. */
export const CONFIRM_AFTER_MS = 5_000;

export function guardDrains(input: DrainGuardInput): DrainGuardResult {
  const { nowMs, targets } = input;
  const drains = targets.map(drainsOf);
  const readyBefore = drains.reduce((total, { ready }) => total + ready, input.readyInOtherTargets);
  const found = targets.flatMap(({ key }, at) =>
    (drains[at]?.addresses ?? []).map(
      (address): RecentDrain => ({ target: key, address, atMs: nowMs, readyBefore }),
    ),
  );
  const recent = withRecovered(recentDrains(input, found), input, readyBefore);
  const drainedAddresses = found.length;
  const unchanged = targets.map(({ assessments }) => assessments);
  const state = unlessForgotten(input.state, nowMs);
  if (found.length === 0) return { assessments: unchanged, drainedAddresses, state: { ...state, recent } };
  const counted = [...recent, ...found];
  const most = Math.max(...counted.map((each) => each.readyBefore));
  const sharePercent = (counted.length / most) * 100;
  const trusted = input.acceptDrain || isConfirmed(state, input);
  const doubt = trusted ? undefined : doubtAbout({ input, state, counted, sharePercent });
  const byRoute = drains.some((each) => each.byRoute);
  if (trusted || (doubt === undefined && !byRoute)) {
    const next = trusted ? NO_SUSPICION : state;
    return { assessments: unchanged, drainedAddresses, state: { ...next, recent: counted } };
  }
  const suspects = doubt === undefined ? isDrainedByRoute : isDrained;
  const because = doubt ?? 'this worker found no route to the address, and the fault may be its own';
  return {
    assessments: targets.map((target) => suspendDrains(target, suspects, because)),
    drainedAddresses,
    state: {
      recent,
      suspectSinceMs: state.suspectSinceMs ?? nowMs,
      lastSuspendedAtMs: nowMs,
      suspectsAll: doubt !== undefined,
    },
  };
}

/** The earlier drains that still count. */
function recentDrains({ state, targets, nowMs }: DrainGuardInput, found: readonly RecentDrain[]) {
  // A drain that is found again was allowed and not written yet: it is the same drain.
  const foundAgain = new Set(found.map(({ target, address }) => `${target} ${address}`));
  const recovered = new Set(
    targets.flatMap(({ key, assessments }) =>
      assessments.filter(isHealthyAgain).map(({ address }) => `${key} ${address}`),
    ),
  );
  return state.recent.filter(({ target, address, atMs }) => {
    const key = `${target} ${address}`;
    return atMs > nowMs - RECENT_MS && !foundAgain.has(key) && !recovered.has(key);
  });
}

/**
 * Adds addresses that are published as not ready and were found unhealthy recently. A previous process drained them, and
 * it may have lost its connectivity, too.
 */
function withRecovered(
  recent: readonly RecentDrain[],
  { targets, nowMs }: DrainGuardInput,
  readyNow: number,
): readonly RecentDrain[] {
  const known = new Set(recent.map(({ target, address }) => `${target} ${address}`));
  const drained = targets.flatMap(({ key, assessments, published, recoversPublished }) =>
    assessments
      .filter(
        (each) => recoversPublished && each.ports.some((port) => wasDrained(each, port, published, nowMs)),
      )
      .map(({ address }) => ({ target: key, address }))
      .filter(({ target, address }) => !known.has(`${target} ${address}`)),
  );
  const readyBefore = readyNow + drained.length;
  return [...recent, ...drained.map((each) => ({ ...each, atMs: nowMs, readyBefore }))];
}

function wasDrained(
  { address }: Assessment,
  port: PortAssessment,
  published: PublishedReadiness,
  nowMs: number,
): boolean {
  const { health } = port;
  return (
    !port.ready &&
    health?.verdict === 'unhealthy' &&
    health.sinceMs > nowMs - RECENT_MS &&
    servedNow(address, port, published) === false
  );
}

function isHealthyAgain({ ports }: Assessment): boolean {
  return ports.every(({ health }) => health?.verdict === 'healthy');
}

function unlessForgotten(state: DrainGuardState, nowMs: number): DrainGuardState {
  return nowMs - state.lastSuspendedAtMs > FORGOTTEN_AFTER_MS
    ? { ...NO_SUSPICION, recent: state.recent }
    : state;
}

/** A check succeeded after the suspicion began: the network works. */
function isConfirmed(state: DrainGuardState, { lastSuccessfulProbeMs, nowMs }: DrainGuardInput): boolean {
  const since = state.suspectSinceMs;
  return since !== undefined && nowMs - since >= CONFIRM_AFTER_MS && lastSuccessfulProbeMs > since;
}

/** Why this worker may have lost its connectivity, to be read after "not drained:"; undefined: it has not. */
function doubtAbout({
  input,
  state,
  counted,
  sharePercent,
}: {
  readonly input: DrainGuardInput;
  readonly state: DrainGuardState;
  readonly counted: readonly RecentDrain[];
  readonly sharePercent: number;
}): string | undefined {
  if (state.suspectSinceMs !== undefined && state.suspectsAll) {
    return 'this worker may have lost its connectivity, and no check has succeeded since';
  }
  const alone = isOne(counted.map(({ target }) => target)) || isOne(counted.map(({ address }) => address));
  if (alone && input.referenceReachable) return undefined;
  if (sharePercent > input.maxDrainPercent) {
    return `${Math.round(sharePercent)}% of all published addresses would be drained at once, so this worker may have lost its connectivity`;
  }
  if (input.lastSuccessfulProbeMs === Number.NEGATIVE_INFINITY) {
    return 'no check of this worker has succeeded yet, so it may have lost its connectivity';
  }
  return undefined;
}

function isOne(values: readonly string[]): boolean {
  return new Set(values).size === 1;
}

/** How many addresses of the target verdicts would turn unready. */
export function drainedAddressesOf(target: GuardedTarget): number {
  return drainsOf(target).addresses.length;
}

interface Drains {
  /** How many of the target's addresses are published ready now. */
  readonly ready: number;
  /** Those of them that a verdict turns not ready. */
  readonly addresses: readonly string[];
  /** One of them has no route. */
  readonly byRoute: boolean;
}

function drainsOf({ assessments, published }: GuardedTarget): Drains {
  const drained = assessments.filter((each) => each.ports.some((port) => isDrained(each, port, published)));
  return {
    ready: readyAddressCount(assessments, published),
    addresses: drained.map(({ address }) => address),
    byRoute: drained.some((each) => each.ports.some((port) => isDrainedByRoute(each, port, published))),
  };
}

type IsSuspect = (assessment: Assessment, port: PortAssessment, published: PublishedReadiness) => boolean;

const isDrained: IsSuspect = ({ address }, port, published) =>
  !port.ready && port.health?.verdict === 'unhealthy' && servedNow(address, port, published) === true;

const isDrainedByRoute: IsSuspect = (assessment, port, published) =>
  port.health?.vantageSuspect === true && isDrained(assessment, port, published);

function suspendDrains({ assessments, published }: GuardedTarget, isSuspect: IsSuspect, because: string) {
  return assessments.map((assessment) =>
    withReadiness(assessment, (port) =>
      isSuspect(assessment, port, published) ? suspended(port, because) : port,
    ),
  );
}

function suspended({ reason, message }: PortAssessment, because: string) {
  return {
    ready: true,
    reason: SUSPENDED,
    message: `not drained: ${because}; found: ${reason}: ${message}`,
  };
}

/** Whether a drain of the target is suspended: then it is decided again soon. */
export function hasSuspendedDrain(assessments: readonly Assessment[]): boolean {
  return assessments.some(({ ports }) => ports.some(({ reason }) => reason === SUSPENDED));
}

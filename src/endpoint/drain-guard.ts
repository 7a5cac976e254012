import {
  type Assessment,
  type PortAssessment,
  type PublishedReadiness,
  publishedKey,
  readyAddressCount,
  withReadiness,
} from './assessment.ts';

/**
 * The guard against this worker's own blindness (invariant 10). When more than `maxDrain` of all published
 * addresses would turn unready within a while, across unrelated targets, that says more about whoever looks than
 * about what is looked at; and so does finding no route. Nothing is drained then until it can be told apart:
 *
 *   one target alone, or one   the API server answers, so this worker can see: drained
 *   host of several targets
 *   anything else              held, and with it all that comes after; drained later, once checks have meanwhile
 *                              found something healthy, so that this worker demonstrably sees; or when the
 *                              operator says so
 */
export interface DrainGuardInput {
  readonly targets: readonly GuardedTarget[];
  /** Ready addresses of targets outside this decision. */
  readonly readyInOtherTargets: number;
  readonly maxDrainPercent: number;
  /** `--accept-drain`. */
  readonly acceptDrain: boolean;
  /** The API server has answered lately. */
  readonly referenceReachable: boolean;
  readonly state: DrainGuardState;
  /**
   * When a check last showed that this worker sees, by finding something healthy; -Infinity when none ever did. On
   * the monotonic clock.
   */
  readonly lastSuccessfulProbeMs: number;
  readonly nowMs: number;
}

export interface GuardedTarget {
  readonly key: string;
  readonly assessments: readonly Assessment[];
  readonly published: PublishedReadiness;
  /** Another process decided about it before: what that one has drained lately is remembered by nobody else. */
  readonly recoversPublished?: boolean | undefined;
}

/** What the guard remembers from decision to decision. */
export interface DrainGuardState {
  /** Drains that were let through lately: many small decisions are one large one. Each address once. */
  readonly recent: readonly RecentDrain[];
  /** When it was first held back; undefined when nothing is suspected. */
  readonly suspectSinceMs: number | undefined;
  /** When it last held something back. */
  readonly heldAtMs: number;
  /** It is about this worker altogether, and not about single routes: whatever else fails meanwhile is held as well. */
  readonly suspectsAll: boolean;
}

export interface RecentDrain {
  readonly target: string;
  readonly address: string;
  readonly atMs: number;
  /** Ready addresses there were of all targets then. Standbys that step in do not make the share that goes smaller. */
  readonly readyBefore: number;
}

export const NO_SUSPICION: DrainGuardState = {
  recent: [],
  suspectSinceMs: undefined,
  heldAtMs: Number.NEGATIVE_INFINITY,
  suspectsAll: false,
};

/** A suspicion from another process. What it was about is not told, so it is about everything. */
export function recalledSuspicion(suspectSinceMs: number | undefined, nowMs: number): DrainGuardState {
  if (suspectSinceMs === undefined) return NO_SUSPICION;
  return { recent: [], suspectSinceMs, heldAtMs: nowMs, suspectsAll: true };
}

export interface DrainGuardResult {
  /** In the order of the input, with what must not be drained published as it is. */
  readonly assessments: readonly (readonly Assessment[])[];
  /** Addresses that verdicts of this decision would turn unready, held back or not. */
  readonly drainedAddresses: number;
  readonly state: DrainGuardState;
}

/**
 * Drains within this time count as one, unless the address has come back meanwhile: long enough for checks that are
 * made every few minutes, because blindness shows to each only when it is its turn.
 */
const RECENT_MS = 600_000;

/** A suspicion under which nothing was held for so long is over: the addresses came back by themselves. */
const FORGOTTEN_AFTER_MS = 60_000;

/** What is found healthy later confirms a suspicion, and later means at least so much. */
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
  const recent = withInherited(recentDrains(input, found), input, readyBefore);
  const drainedAddresses = found.length;
  const asTheyAre = targets.map(({ assessments }) => assessments);
  const state = unlessForgotten(input.state, nowMs);
  if (found.length === 0) return { assessments: asTheyAre, drainedAddresses, state: { ...state, recent } };
  const counted = [...recent, ...found];
  const most = Math.max(...counted.map((each) => each.readyBefore));
  const sharePercent = (counted.length / most) * 100;
  const trusted = input.acceptDrain || isConfirmed(state, input);
  const doubt = trusted ? undefined : doubtAbout({ input, state, counted, sharePercent });
  const byRoute = drains.some((each) => each.byRoute);
  if (trusted || (doubt === undefined && !byRoute)) {
    const settled = trusted ? NO_SUSPICION : state;
    return { assessments: asTheyAre, drainedAddresses, state: { ...settled, recent: counted } };
  }
  const suspects = doubt === undefined ? isDrainedByRoute : isDrained;
  const because = doubt ?? 'no route to it was found, which may be the trouble of this worker alone';
  return {
    assessments: targets.map((target) => hold(target, suspects, because)),
    drainedAddresses,
    state: {
      recent,
      suspectSinceMs: state.suspectSinceMs ?? nowMs,
      heldAtMs: nowMs,
      suspectsAll: doubt !== undefined,
    },
  };
}

/** Those of before that are still to be counted. */
function recentDrains({ state, targets, nowMs }: DrainGuardInput, found: readonly RecentDrain[]) {
  // What is found once more was let through and never written: the same drain, not another.
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
 * What stands published as not ready, and was found unhealthy within the time that counts: another process of ours has
 * drained it, and may have been as blind as this one is.
 */
function withInherited(
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
    published.get(publishedKey(address, port)) === false
  );
}

function isHealthyAgain({ ports }: Assessment): boolean {
  return ports.every(({ health }) => health?.verdict === 'healthy');
}

function unlessForgotten(state: DrainGuardState, nowMs: number): DrainGuardState {
  return nowMs - state.heldAtMs > FORGOTTEN_AFTER_MS ? { ...NO_SUSPICION, recent: state.recent } : state;
}

/** Later than the suspicion, something was found healthy: this worker sees. */
function isConfirmed(state: DrainGuardState, { lastSuccessfulProbeMs, nowMs }: DrainGuardInput): boolean {
  const since = state.suspectSinceMs;
  return since !== undefined && nowMs - since >= CONFIRM_AFTER_MS && lastSuccessfulProbeMs > since;
}

/** Why this worker may be blind, to be read after "not drained:"; undefined when nothing says so. */
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
    return 'this worker may be the one that is cut off, and nothing has shown yet that it is not';
  }
  const alone = isOne(counted.map(({ target }) => target)) || isOne(counted.map(({ address }) => address));
  if (alone && input.referenceReachable) return undefined;
  if (sharePercent > input.maxDrainPercent) {
    return `${Math.round(sharePercent)}% of all published addresses would be drained at once, so this worker may be the one that is cut off`;
  }
  if (input.lastSuccessfulProbeMs === Number.NEGATIVE_INFINITY) {
    return 'this worker has found nothing healthy at all yet, so it may be the one that is cut off';
  }
  return undefined;
}

function isOne(values: readonly string[]): boolean {
  return new Set(values).size === 1;
}

interface Drains {
  /** How many of the target's own addresses are published ready now. */
  readonly ready: number;
  /** Those of them that would not be any more, by a verdict. */
  readonly addresses: readonly string[];
  /** One of them because no route to it was found. */
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

/** What was to be drained when the guard looked stays so; every other drain is held back, because nobody has counted it. */
export function suspendUnseenDrains(
  before: Omit<GuardedTarget, 'key'>,
  after: Omit<GuardedTarget, 'key'>,
): readonly Assessment[] {
  const seen = new Set(
    before.assessments.flatMap((each) =>
      each.ports
        .filter((port) => isDrained(each, port, before.published))
        .map((port) => publishedKey(each.address, port)),
    ),
  );
  return after.assessments.map((assessment) =>
    withReadiness(assessment, (port) =>
      isDrained(assessment, port, after.published) && !seen.has(publishedKey(assessment.address, port))
        ? suspect(port, 'not before all targets are looked at together')
        : port,
    ),
  );
}

type IsSuspect = (assessment: Assessment, port: PortAssessment, published: PublishedReadiness) => boolean;

const isDrained: IsSuspect = ({ address }, port, published) =>
  !port.ready && port.health?.verdict === 'unhealthy' && published.get(publishedKey(address, port)) === true;

const isDrainedByRoute: IsSuspect = (assessment, port, published) =>
  port.health?.vantageSuspect === true && isDrained(assessment, port, published);

function hold({ assessments, published }: GuardedTarget, isSuspect: IsSuspect, because: string) {
  return assessments.map((assessment) =>
    withReadiness(assessment, (port) =>
      isSuspect(assessment, port, published) ? suspect(port, because) : port,
    ),
  );
}

function suspect({ reason, message }: PortAssessment, because: string) {
  return {
    ready: true,
    reason: 'VantageSuspect',
    message: `not drained: ${because}; found: ${reason}: ${message}`,
  };
}

/** Whether the guard holds anything of a target back: it is to be looked at again soon. */
export function isHeldBack(assessments: readonly Assessment[]): boolean {
  return assessments.some(({ ports }) => ports.some(({ reason }) => reason === 'VantageSuspect'));
}

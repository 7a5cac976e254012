import {
  type Assessment,
  type PortAssessment,
  type PublishedReadiness,
  publishedKey,
  readyAddresses,
  withReadiness,
} from './assessment.ts';

/**
 * The guard against this worker's own blindness (invariant 10). When more than `maxDrain` of all published
 * addresses would turn unready within a minute, across unrelated targets, that says more about whoever looks than
 * about what is looked at; and so does finding no route. Nothing is drained then until it can be told apart:
 *
 *   one target alone      the API server answers, so this worker can see: drained
 *   several targets       held; drained later, once checks have meanwhile found something healthy, so that this
 *                         worker demonstrably sees; or when the operator says so
 */
export interface DrainGuardInput {
  readonly targets: readonly GuardedTarget[];
  /** Ready addresses that targets outside this decision publish. */
  readonly readyElsewhere: number;
  readonly maxDrainPercent: number;
  /** `--accept-drain`. */
  readonly acceptDrain: boolean;
  /** The API server has answered lately. */
  readonly referenceReachable: boolean;
  readonly state: DrainGuardState;
  /** When a check last found anything healthy, on the monotonic clock; -Infinity when none ever did. */
  readonly lastHealthyMs: number;
  readonly nowMs: number;
}

export interface GuardedTarget {
  readonly key: string;
  readonly assessments: readonly Assessment[];
  readonly published: PublishedReadiness;
}

/** What the guard remembers from decision to decision. */
export interface DrainGuardState {
  /** Drains that were let through lately: many small decisions are one large one. Each address once. */
  readonly recent: readonly RecentDrain[];
  /** When it was first held back; undefined when nothing is suspected. */
  readonly suspectSinceMs: number | undefined;
  /** When it last held something back. */
  readonly heldAtMs: number;
}

export interface RecentDrain {
  readonly target: string;
  readonly address: string;
  readonly atMs: number;
}

export const NO_SUSPICION: DrainGuardState = {
  recent: [],
  suspectSinceMs: undefined,
  heldAtMs: Number.NEGATIVE_INFINITY,
};

export interface DrainGuardResult {
  /** In the order of the input, with what must not be drained published as it is. */
  readonly assessments: readonly (readonly Assessment[])[];
  /** Addresses that verdicts of this decision would turn unready, held back or not. */
  readonly drainedAddresses: number;
  readonly state: DrainGuardState;
}

/** Drains within this time count as one: long enough for the interval and threshold of most checks. */
const WINDOW_MS = 60_000;

/** What is found healthy later confirms a suspicion, and later means at least so much. */
export const CONFIRM_AFTER_MS = 5_000;

export function guardDrains(input: DrainGuardInput): DrainGuardResult {
  const { nowMs, targets } = input;
  const drains = targets.map(drainsOf);
  const found = targets.flatMap(({ key }, at) =>
    (drains[at]?.addresses ?? []).map((address): RecentDrain => ({ target: key, address, atMs: nowMs })),
  );
  // What is found once more was let through and never written: the same drain, not another.
  const foundAgain = new Set(found.map(({ target, address }) => `${target} ${address}`));
  const recent = input.state.recent.filter(
    ({ target, address, atMs }) => atMs > nowMs - WINDOW_MS && !foundAgain.has(`${target} ${address}`),
  );
  const drainedAddresses = found.length;
  const asTheyAre = targets.map(({ assessments }) => assessments);
  if (found.length === 0) {
    const state = { ...input.state, recent, ...forgotten(input.state, nowMs) };
    return { assessments: asTheyAre, drainedAddresses: 0, state };
  }
  const counted = [...recent, ...found];
  const ready = drains.reduce((total, each) => total + each.ready.size, input.readyElsewhere);
  // One that was drained on one port alone is still counted among the ready ones.
  const readyBefore = ready + recent.filter((each) => !isReadyStill(each, targets, drains)).length;
  const sharePercent = (counted.length / readyBefore) * 100;
  const affected = new Set(counted.map(({ target }) => target)).size;
  const standsAlone = affected === 1 && input.referenceReachable;
  const trusted = input.acceptDrain || isConfirmed(input);
  const tooMuch = sharePercent > input.maxDrainPercent && !standsAlone;
  const byRoute = drains.some((each) => each.byRoute);
  if (trusted || !(tooMuch || byRoute)) {
    return {
      assessments: asTheyAre,
      drainedAddresses,
      state: { recent: counted, suspectSinceMs: undefined, heldAtMs: input.state.heldAtMs },
    };
  }
  const suspects = tooMuch ? isDrained : isDrainedByRoute;
  return {
    assessments: targets.map((target) => hold(target, suspects, sharePercent)),
    drainedAddresses,
    state: { recent, suspectSinceMs: input.state.suspectSinceMs ?? nowMs, heldAtMs: nowMs },
  };
}

/** A suspicion under which nothing was held for a while is over: the addresses came back by themselves. */
function forgotten(state: DrainGuardState, nowMs: number): Pick<DrainGuardState, 'suspectSinceMs'> {
  return { suspectSinceMs: nowMs - state.heldAtMs > WINDOW_MS ? undefined : state.suspectSinceMs };
}

/** Later than the suspicion, something was found healthy: this worker sees. */
function isConfirmed({ state, lastHealthyMs, nowMs }: DrainGuardInput): boolean {
  const since = state.suspectSinceMs;
  return since !== undefined && nowMs - since >= CONFIRM_AFTER_MS && lastHealthyMs > since;
}

interface Drains {
  /** Addresses that are published ready now. */
  readonly ready: ReadonlySet<string>;
  /** Those of them that would not be any more, by a verdict. */
  readonly addresses: readonly string[];
  /** One of them because no route to it was found. */
  readonly byRoute: boolean;
}

function drainsOf({ assessments, published }: GuardedTarget): Drains {
  const drained = assessments.filter((each) => each.ports.some((port) => isDrained(each, port, published)));
  return {
    ready: readyAddresses(published),
    addresses: drained.map(({ address }) => address),
    byRoute: drained.some((each) => each.ports.some((port) => isDrainedByRoute(each, port, published))),
  };
}

function isReadyStill(
  { target, address }: RecentDrain,
  targets: readonly GuardedTarget[],
  drains: readonly Drains[],
): boolean {
  return drains[targets.findIndex(({ key }) => key === target)]?.ready.has(address) ?? false;
}

type IsSuspect = (assessment: Assessment, port: PortAssessment, published: PublishedReadiness) => boolean;

const isDrained: IsSuspect = ({ address }, port, published) =>
  !port.ready && port.health?.verdict === 'unhealthy' && published.get(publishedKey(address, port)) === true;

const isDrainedByRoute: IsSuspect = (assessment, port, published) =>
  port.health?.vantageSuspect === true && isDrained(assessment, port, published);

function hold({ assessments, published }: GuardedTarget, isSuspect: IsSuspect, sharePercent: number) {
  return assessments.map((assessment) =>
    withReadiness(assessment, (port) =>
      isSuspect(assessment, port, published)
        ? {
            ready: true,
            reason: 'VantageSuspect',
            message: `not drained, because ${Math.round(sharePercent)}% of all published addresses would be at once; found: ${port.reason}: ${port.message}`,
          }
        : port,
    ),
  );
}

/** Whether the guard holds anything of a target back: it is to be looked at again soon. */
export function isHeldBack(assessments: readonly Assessment[]): boolean {
  return assessments.some(({ ports }) => ports.some(({ reason }) => reason === 'VantageSuspect'));
}

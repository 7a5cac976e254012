import { assess } from '../endpoint/assess.ts';
import { isServing } from '../endpoint/assessment.ts';
import type { KnownAddress } from '../endpoint/candidate.ts';
import { type AnsweredName, type NameMemory, type NameView, viewNames } from '../endpoint/name-memory.ts';
import type { ServedAddress, Sources } from '../endpoint/recovery.ts';
import { type AddressToCheck, checksOf } from '../health/check.ts';
import type { CheckId, Health } from '../health/health.ts';
import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import type { Guards } from '../model/guards.ts';
import { compareAddresses, parseIpAddress } from '../model/ip-address.ts';
import type { HoldSettings, Target } from '../model/target.ts';
import {
  type ExistingObjects,
  publishedReadiness,
  publishedSlices,
  servingSlices,
} from '../plan/existing-objects.ts';
import type { Instant } from '../time/clock.ts';
import { publishableCandidates } from './publishable-candidates.ts';

/** What is known of one target at this moment. */
export interface TargetSnapshot {
  readonly target: Target;
  readonly existing: ExistingObjects;
  /** From the decision before; undefined when there was none, or when it was lost. */
  readonly memory: NameMemory | undefined;
  /** Where what is published may have come from, as of the decision before. */
  readonly sources?: Sources;
  /** Another process has made that decision, and may have published more since than it lived to save. */
  readonly recoversPublished?: boolean;
  /** The newest answer for each name, by source key. */
  readonly answers: ReadonlyMap<string, AnsweredName>;
  /** What the names stand for at this moment, where that was computed already with all that is known of health. */
  readonly names?: NameView;
  /** When `existing` was read, on the monotonic clock; undefined: just now. */
  readonly readAtMs?: number | undefined;
  /** Whether the mirroring controller had its time to remove its slices, and did not; undefined: nobody waits for it. */
  readonly mirrorStopped?: boolean | undefined;
}

/** What else decides which addresses the names of a target have. */
export interface NamingInput {
  readonly healthOf: (id: CheckId) => Health | undefined;
  readonly guards: Guards;
  readonly options: { readonly instance: string };
  /**
   * No memory can be kept between passes. An answer is then believed at once, because nobody would remember
   * how long an address has been missing from it; a failure takes nothing away all the same.
   */
  readonly hasNoStateStore: boolean;
  readonly clusterWide: {
    /** When a check last found anything healthy, on the monotonic clock; -Infinity when none ever did. */
    readonly lastSuccessfulProbeMs: number;
  };
}

/** While nothing else is ready, no answer and no silence takes an address away; only its own verdict does. */
const WITHOUT_END: HoldSettings = {
  obsoleteMs: Number.POSITIVE_INFINITY,
  notFoundMs: Number.POSITIVE_INFINITY,
  failureMs: Number.POSITIVE_INFINITY,
};

/**
 * What a target's names stand for. Also asked before probing: those are the addresses there are to probe. Addresses
 * whose hold is over stay as long as they are not found unhealthy and the target would have nothing ready without
 * them: a Service is not emptied by what DNS says, or does not say (invariant 3).
 */
export function resolveAddresses(moment: TargetSnapshot, input: NamingInput, now: Instant): NameView {
  const { hold } = moment.target.dns;
  const names = viewWith(input.hasNoStateStore ? { ...hold, obsoleteMs: 0 } : hold, moment, input, now);
  if (names.known.size === 0 || isAnyServing(names, moment, input)) return names;
  const lasting = viewWith(WITHOUT_END, moment, input, now);
  const known = [...lasting.known].map(([source, addresses]) => {
    return [source, withLastResort(names.known.get(source) ?? [], addresses)] as const;
  });
  return { ...names, memory: lasting.memory, known: new Map(known) };
}

function viewWith(
  hold: HoldSettings,
  { target, existing, memory, sources = [], recoversPublished, answers }: TargetSnapshot,
  { healthOf, clusterWide, options }: NamingInput,
  now: Instant,
): NameView {
  return viewNames({
    target,
    hold,
    previous: memory,
    recoveredSources: recoversPublished ? sources : undefined,
    answers,
    served: servedBy(servingSlices(existing)),
    published: servedBy(publishedSlices(existing, options.instance)),
    isHealthy: (at: AddressToCheck) =>
      checksOf(target, [at]).every(
        (check) => !isBelievedUnhealthy(healthOf(check.id), clusterWide.lastSuccessfulProbeMs),
      ),
    nowMs: now.monotonicMs,
  });
}

/**
 * A worker without connectivity finds every address unhealthy, and an address that has left its name's answer would be
 * removed at once. So another probe must have succeeded since the verdict. Until then the address stays for its hold, and
 * the drain guard decides whether it takes traffic.
 */
function isBelievedUnhealthy(health: Health | undefined, lastSuccessfulProbeMs: number): boolean {
  return health?.verdict === 'unhealthy' && lastSuccessfulProbeMs > health.sinceMs;
}

function isAnyServing(
  { known }: NameView,
  moment: TargetSnapshot,
  { healthOf, guards }: NamingInput,
): boolean {
  const { target, existing } = moment;
  const published = publishedReadiness(servingSlices(existing));
  return publishableCandidates(moment, known, guards).some((candidate) =>
    assess({ target, candidates: [candidate], healthOf, published }).some(isServing),
  );
}

/** The active addresses, and those that only stay because nothing else is ready. */
function withLastResort(
  active: readonly KnownAddress[],
  lasting: readonly KnownAddress[],
): readonly KnownAddress[] {
  const keyOf = ({ address, port, host }: KnownAddress) => `${address} ${port} ${host}`;
  const present = new Set(active.map(keyOf));
  const held = {
    reason: 'NothingElseReady',
    message: 'its hold is over, and no other address is ready',
    untilMs: Number.POSITIVE_INFINITY,
  };
  const last = lasting
    .filter((each) => !present.has(keyOf(each)))
    .map((each): KnownAddress => ({ ...each, held }));
  return [...active, ...last];
}

function servedBy(slices: readonly EndpointSliceObject[]): ServedAddress[] {
  const served = new Map<string, ServedAddress>();
  for (const { endpoints, ports } of slices) {
    for (const text of (endpoints ?? []).flatMap((each) => each.addresses)) {
      const address = parseIpAddress(text);
      if (address === undefined) continue;
      for (const { port = 0 } of ports ?? []) served.set(`${address} ${port}`, { address, port });
    }
  }
  return [...served.values()].sort((a, b) => compareAddresses(a.address, b.address) || a.port - b.port);
}

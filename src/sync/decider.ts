import { type DecideOptions, decide, type TargetDecision } from '../decide/decide.ts';
import { type NamingInput, resolveAddresses, type TargetSnapshot } from '../decide/resolve-addresses.ts';
import { trustedProbeMs } from '../decide/trusted-probe.ts';
import { candidatesOf, isToBeChecked } from '../endpoint/candidate.ts';
import { type DrainGuardState, NO_SUSPICION, recalledSuspicion } from '../endpoint/drain-guard.ts';
import type { NameView } from '../endpoint/name-memory.ts';
import { checksOf } from '../health/check.ts';
import type { CheckId, Health } from '../health/health.ts';
import type { Guards } from '../model/guards.ts';
import type { IpAddress } from '../model/ip-address.ts';
import { keyOf } from '../model/target.ts';
import { NOTHING_EXISTS } from '../plan/existing-objects.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import type { Instant } from '../time/clock.ts';
import type { CheckSet } from './check-set.ts';
import type { ListLedger } from './list-ledger.ts';
import type { Gate, TargetRecord } from './target-record.ts';
import type { TargetRegistry } from './target-registry.ts';

/** One record and its decision. */
export interface RecordDecision {
  readonly record: TargetRecord;
  readonly decided: TargetDecision | TargetPlan;
}

/** What all decisions of one moment have in common. */
export interface RoundContext {
  readonly now: Instant;
  readonly guards: Guards;
  readonly hasNoStateStore: boolean;
  readonly referenceReachable: boolean;
  readonly lastSuccessfulProbeMs: number;
  readonly otherHostSeenMs: (addresses: ReadonlySet<IpAddress>) => number;
  readonly everythingObserved: boolean;
  readonly everythingRead: boolean;
  /** Whether the record has its first answers and verdicts, or the time for them is over. */
  readonly isObserved: (record: TargetRecord) => boolean;
}

export interface RecordDecisions {
  readonly decisions: readonly RecordDecision[];
  readonly postponed: readonly { readonly record: TargetRecord; readonly until: Gate | 'readAgain' }[];
}

/** A mirroring controller that runs removes its slices within a second of skip-mirror. */
export const MIRROR_STOPPED_AFTER_MS = 10_000;

export interface DeciderSettings {
  readonly options: DecideOptions;
  readonly once: boolean;
}

/** Passes records to `decide()`. */
export class Decider {
  readonly #registry: TargetRegistry;
  readonly #checks: CheckSet;
  readonly #lists: ListLedger;
  readonly #settings: DeciderSettings;
  #guard: DrainGuardState = NO_SUSPICION;
  #hasDrained = false;

  constructor(registry: TargetRegistry, checks: CheckSet, lists: ListLedger, settings: DeciderSettings) {
    this.#registry = registry;
    this.#checks = checks;
    this.#lists = lists;
    this.#settings = settings;
  }

  /** From the process before. */
  recallSuspicion(suspectSinceMs: number | undefined, nowMs: number): void {
    this.#guard = recalledSuspicion(suspectSinceMs, nowMs);
  }

  /** A run that observed everything and found nothing to drain ends the suspicion. */
  get suspectSinceMs(): number | undefined {
    return this.#settings.once && !this.#hasDrained ? undefined : this.#guard.suspectSinceMs;
  }

  /** Decides these records together: one moment, one guard. Yields after each, so that other work goes on. */
  *decide(records: readonly TargetRecord[], context: RoundContext): Generator<void, RecordDecisions> {
    const byKey = new Map(records.map((record) => [record.key, record]));
    const toPrune = records.filter((record) => record.target === undefined);
    const snapshots: TargetSnapshot[] = [];
    const notObserved: TargetRecord[] = [];
    // Why an address is no longer checked belongs to the decision.
    const foundLast = new Map<CheckId, Health>();
    const probeMs = this.#trustedProbeMs(context);
    this.#lists.noteDeciding(records);
    for (const record of records) {
      if (record.target === undefined) continue;
      const snapshot = this.#snapshotOf(record, context, probeMs, foundLast);
      if (context.isObserved(record)) snapshots.push(snapshot);
      else notObserved.push(record);
      yield;
    }
    const { now, guards, hasNoStateStore, everythingObserved, everythingRead } = context;
    const { options } = this.#settings;
    const decision = yield* decide(
      {
        targets: snapshots,
        ...this.#lists.among(toPrune, now.monotonicMs),
        givenLists: this.#lists.given,
        healthOf: (id) => this.#checks.health(id) ?? foundLast.get(id),
        guards,
        options,
        hasNoStateStore,
        everythingObserved,
        everythingRead,
        clusterWide: {
          readyInOtherTargets: this.#readyInOtherTargets(byKey),
          referenceReachable: context.referenceReachable,
          lastSuccessfulProbeMs: probeMs,
          otherHostSeenMs: (addresses) => this.#otherHostSeenMs(addresses, context),
          guard: this.#guard,
        },
      },
      now,
    );
    this.#guard = decision.guard;
    this.#hasDrained ||= decision.drainedAddresses > 0;
    this.#lists.noteDecided(decision.removals, now.monotonicMs);
    const recordOf = (key: string) => {
      const record = byKey.get(key);
      if (record === undefined) throw new Error(`${key} was decided without being asked for`);
      return record;
    };
    return {
      decisions: [
        ...decision.targets.map((decided) => ({ record: recordOf(keyOf(decided.target)), decided })),
        ...decision.removals.map((plan) => ({
          record: recordOf(keyOf(plan)),
          decided: { plan, assessments: [] },
        })),
      ],
      postponed: [
        ...notObserved.map((record) => ({ record, until: 'observed' as const })),
        ...[...decision.postponed].map(([key, until]) => ({ record: recordOf(key), until })),
      ],
    };
  }

  #trustedProbeMs({ lastSuccessfulProbeMs, everythingObserved, now }: RoundContext): number {
    return trustedProbeMs({
      lastSuccessfulProbeMs,
      suspectSinceMs: this.#guard.suspectSinceMs,
      known: () => this.#checks.snapshot().values(),
      once: this.#settings.once,
      everythingObserved,
      nowMs: now.monotonicMs,
    });
  }

  /** In a run that makes each check once, every verdict is as of now. */
  #otherHostSeenMs(addresses: ReadonlySet<IpAddress>, context: RoundContext): number {
    if (!this.#settings.once) return context.otherHostSeenMs(addresses);
    const isSeen = context.everythingObserved && this.#checks.isAnyHealthyBut(addresses);
    return isSeen ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  /** The record as of this moment. Starts checks of its addresses. */
  #snapshotOf(
    record: TargetRecord,
    { now, guards, hasNoStateStore }: RoundContext,
    lastSuccessfulProbeMs: number,
    foundLast: Map<CheckId, Health>,
  ): TargetSnapshot {
    const {
      target,
      existing = NOTHING_EXISTS,
      memory,
      sources,
      recoversPublished,
      answers,
      readAtMs,
    } = record;
    if (target === undefined) throw new Error(`${record.key} has no target`);
    // Undefined where no adoption is under way: mirrored slices that were left behind are deleted at once.
    const mirrorStopped =
      record.wait?.until === 'MirroredSlicesGone'
        ? now.monotonicMs - record.wait.sinceMs >= MIRROR_STOPPED_AFTER_MS
        : undefined;
    const snapshot = {
      target,
      existing,
      memory,
      sources,
      recoversPublished,
      answers,
      readAtMs: record.progress.rereads < MAX_REREADS ? readAtMs : undefined,
      mirrorStopped,
    };
    const naming: NamingInput = {
      healthOf: (id) => this.#checks.health(id),
      hasNoStateStore,
      guards,
      options: this.#settings.options,
      clusterWide: { lastSuccessfulProbeMs },
    };
    const names: NameView = resolveAddresses(snapshot, naming, now);
    const candidates = candidatesOf(target, names.known, guards).filter(isToBeChecked);
    const replaced = this.#checks.replace(record.key, checksOf(target, candidates));
    for (const [id, health] of replaced.foundLast) foundLast.set(id, health);
    // What new checks remember, and what ended ones found, may tell more about the names.
    return replaced.hasNew || replaced.foundLast.size > 0 ? snapshot : { ...snapshot, names };
  }

  #readyInOtherTargets(taken: ReadonlyMap<string, TargetRecord>): number {
    let ready = 0;
    for (const record of this.#registry.records.values()) {
      if (!taken.has(record.key)) ready += record.readyAddresses;
    }
    return ready;
  }
}

/** After so many reads only for a new slice, the record is decided from the last one. */
const MAX_REREADS = 3;

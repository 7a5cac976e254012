import { type DecideOptions, decideInSteps, readyAfter, type TargetDecision } from '../decide/decide.ts';
import { resolveAddresses, type TargetSnapshot } from '../decide/resolve-addresses.ts';
import { candidatesOf, isToBeChecked } from '../endpoint/candidate.ts';
import { type DrainGuardState, NO_SUSPICION, recalledSuspicion } from '../endpoint/drain-guard.ts';
import { checksOf } from '../health/check.ts';
import type { CheckId, Health } from '../health/health.ts';
import { probesWork } from '../health/probes-work.ts';
import type { Guards } from '../model/guards.ts';
import { NOTHING_EXISTS } from '../plan/existing-objects.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import type { Instant } from '../time/clock.ts';
import type { CheckSet } from './check-set.ts';
import { DeletionBudget } from './deletion-budget.ts';
import type { TargetRecord } from './target-record.ts';
import type { TargetRegistry } from './target-registry.ts';

/** One entry and what was decided about it. */
export interface RecordDecision {
  readonly record: TargetRecord;
  readonly decided: TargetDecision | TargetPlan;
}

export interface RoundContext {
  readonly now: Instant;
  readonly guards: Guards;
  readonly hasNoStateStore: boolean;
  readonly referenceReachable: boolean;
  readonly lastSuccessfulProbeMs: number;
}

export interface RecordDecisions {
  readonly decisions: readonly RecordDecision[];
  readonly tooEarly: readonly TargetRecord[];
}

interface RecordSnapshot {
  readonly record: TargetRecord;
  readonly moment: TargetSnapshot;
}

/** What the entry's next decision, and those about others, have to know of this one. */
export function remember(record: TargetRecord, decided: TargetDecision): void {
  const { memory, sources, nextChangeAtMs } = decided;
  record.readyAddresses = readyAfter(decided);
  record.memory = memory;
  record.sources = sources;
  record.recoversPublished = false;
  record.nextChangeAtMs = nextChangeAtMs;
}

/** Brings entries before `decide()` and keeps on them what it remembers. */
export class Decider {
  readonly #registry: TargetRegistry;
  readonly #checks: CheckSet;
  readonly #options: DecideOptions;
  #guard: DrainGuardState = NO_SUSPICION;
  readonly #deletionBudget: DeletionBudget;

  constructor(registry: TargetRegistry, checks: CheckSet, options: DecideOptions) {
    this.#registry = registry;
    this.#checks = checks;
    this.#options = options;
    this.#deletionBudget = new DeletionBudget(registry, options.instance);
  }

  /** From the process before. */
  recallSuspicion(suspectSinceMs: number | undefined, nowMs: number): void {
    this.#guard = recalledSuspicion(suspectSinceMs, nowMs);
  }

  /** Another list is in force from now on. */
  startList(): void {
    this.#deletionBudget.startList();
  }

  get suspectSinceMs(): number | undefined {
    return this.#guard.suspectSinceMs;
  }

  /**
   * Decides these entries together: one moment, one guard. Entries whose checks have only just begun are left out
   * while they have patience, and come back as `tooEarly`. Rests after each, for whoever has to wait meanwhile.
   */
  *decide(records: readonly TargetRecord[], moment: RoundContext): Generator<void, RecordDecisions> {
    const staying = records.filter((record) => record.target !== undefined);
    const toPrune = records.filter((record) => record.target === undefined);
    const inTime: RecordSnapshot[] = [];
    // Why an address is no longer asked about is what the decision has to know of it.
    const foundLast = new Map<CheckId, Health>();
    for (const record of staying) {
      inTime.push(...(this.#momentOf(record, moment, foundLast) ?? []));
      yield;
    }
    const taken = new Set(inTime.map(({ record }) => record));
    const decision = yield* decideInSteps(
      {
        targets: inTime.map((each) => each.moment),
        ...this.#deletionBudget.among(toPrune),
        healthOf: (id) => this.#checks.health(id) ?? foundLast.get(id),
        guards: moment.guards,
        options: this.#options,
        hasNoStateStore: moment.hasNoStateStore,
        clusterWide: {
          readyInOtherTargets: this.#readyElsewhere(taken),
          referenceReachable: moment.referenceReachable,
          lastSuccessfulProbeMs: this.#lastTrustedProbeMs(moment),
          guard: this.#guard,
        },
      },
      moment.now,
    );
    this.#guard = decision.guard;
    const decided = decision.targets.map((each, at): RecordDecision => {
      const record = inTime[at]?.record;
      if (record === undefined) throw new Error('a decision without its entry');
      remember(record, each);
      return { record, decided: each };
    });
    this.#deletionBudget.noteDecided(decision.removals);
    const removed = decision.removals.map((plan) => ({
      record: this.#registry.recordFor(plan.namespace, plan.name),
      decided: { plan, assessments: [] },
    }));
    return { decisions: [...decided, ...removed], tooEarly: staying.filter((record) => !taken.has(record)) };
  }

  /** Follows the target's addresses with checks; undefined while it is too early to decide. */
  #momentOf(
    record: TargetRecord,
    { now, guards, hasNoStateStore, lastSuccessfulProbeMs }: RoundContext,
    foundLast: Map<CheckId, Health>,
  ): [RecordSnapshot] | undefined {
    const { target, existing = NOTHING_EXISTS, memory, sources, recoversPublished, answers } = record;
    if (target === undefined) return undefined;
    record.existingBefore = existing;
    const moment = { target, existing, memory, sources, recoversPublished, answers };
    const healthOf = (id: CheckId) => this.#checks.health(id);
    const naming = {
      healthOf,
      hasNoStateStore,
      guards,
      options: this.#options,
      clusterWide: { lastSuccessfulProbeMs },
    };
    const { known } = resolveAddresses(moment, naming, now);
    const candidates = candidatesOf(target, known, guards).filter(isToBeChecked);
    for (const [id, health] of this.#checks.replace(record.key, checksOf(target, candidates)))
      foundLast.set(id, health);
    const tooEarly = now.monotonicMs < record.initialGraceUntilMs && !this.#checks.haveVerdicts(record.key);
    return tooEarly ? undefined : [{ record, moment }];
  }

  /** A success says little while most of what counts as healthy is failing; asked only when it matters, for it asks every check. */
  #lastTrustedProbeMs({ lastSuccessfulProbeMs }: RoundContext): number {
    if (this.#guard.suspectSinceMs === undefined || probesWork(this.#checks.snapshot().values()))
      return lastSuccessfulProbeMs;
    return Math.min(lastSuccessfulProbeMs, this.#guard.suspectSinceMs);
  }

  #readyElsewhere(taken: ReadonlySet<TargetRecord>): number {
    let ready = 0;
    for (const record of this.#registry.records.values())
      if (!taken.has(record)) ready += record.readyAddresses;
    return ready;
  }
}

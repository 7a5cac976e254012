import { type DecideOptions, decideInSteps, readyAfter, type TargetDecision } from '../decide/decide.ts';
import { type TargetMoment, viewMoment } from '../decide/resolve-addresses.ts';
import { candidatesOf, isToBeChecked } from '../endpoint/candidate.ts';
import { type DrainGuardState, NO_SUSPICION, recalledSuspicion } from '../endpoint/drain-guard.ts';
import { checksOf } from '../health/check.ts';
import type { CheckId, Health } from '../health/health.ts';
import { seesClearly } from '../health/probes-work.ts';
import type { Guards } from '../model/guards.ts';
import { NOTHING_EXISTS } from '../plan/existing-objects.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import type { Instant } from '../time/clock.ts';
import type { CheckSet } from './check-set.ts';
import { Departures } from './deletion-budget.ts';
import type { TargetEntry } from './target-record.ts';
import type { TargetBook } from './target-registry.ts';

/** One entry and what was decided about it. */
export interface EntryDecision {
  readonly entry: TargetEntry;
  readonly decided: TargetDecision | TargetPlan;
}

export interface DecidingMoment {
  readonly now: Instant;
  readonly guards: Guards;
  readonly stateless: boolean;
  readonly referenceReachable: boolean;
  readonly lastHealthyMs: number;
}

export interface EntryDecisions {
  readonly decisions: readonly EntryDecision[];
  readonly tooEarly: readonly TargetEntry[];
}

interface EntryMoment {
  readonly entry: TargetEntry;
  readonly moment: TargetMoment;
}

/** What the entry's next decision, and those about others, have to know of this one. */
export function remember(entry: TargetEntry, decided: TargetDecision): void {
  const { memory, origins, nextChangeAtMs } = decided;
  entry.readyAddresses = readyAfter(decided);
  entry.memory = memory;
  entry.origins = origins;
  entry.inherits = false;
  entry.nextChangeAtMs = nextChangeAtMs;
}

/** Brings entries before `decide()` and keeps on them what it remembers. */
export class Decider {
  readonly #book: TargetBook;
  readonly #checks: CheckSet;
  readonly #options: DecideOptions;
  #guard: DrainGuardState = NO_SUSPICION;
  readonly #departures: Departures;

  constructor(book: TargetBook, checks: CheckSet, options: DecideOptions) {
    this.#book = book;
    this.#checks = checks;
    this.#options = options;
    this.#departures = new Departures(book, options.instance);
  }

  /** From the process before. */
  recallSuspicion(suspectSinceMs: number | undefined, nowMs: number): void {
    this.#guard = recalledSuspicion(suspectSinceMs, nowMs);
  }

  /** Another list is in force from now on. */
  startList(): void {
    this.#departures.startList();
  }

  get suspectSinceMs(): number | undefined {
    return this.#guard.suspectSinceMs;
  }

  /**
   * Decides these entries together: one moment, one guard. Entries whose checks have only just begun are left out
   * while they have patience, and come back as `tooEarly`. Rests after each, for whoever has to wait meanwhile.
   */
  *decide(entries: readonly TargetEntry[], moment: DecidingMoment): Generator<void, EntryDecisions> {
    const staying = entries.filter((entry) => entry.target !== undefined);
    const leaving = entries.filter((entry) => entry.target === undefined);
    const inTime: EntryMoment[] = [];
    // Why an address is no longer asked about is what the decision has to know of it.
    const foundLast = new Map<CheckId, Health>();
    for (const entry of staying) {
      inTime.push(...(this.#momentOf(entry, moment, foundLast) ?? []));
      yield;
    }
    const taken = new Set(inTime.map(({ entry }) => entry));
    const decision = yield* decideInSteps(
      {
        targets: inTime.map((each) => each.moment),
        ...this.#departures.among(leaving),
        healthOf: (id) => this.#checks.health(id) ?? foundLast.get(id),
        guards: moment.guards,
        options: this.#options,
        stateless: moment.stateless,
        fleet: {
          readyElsewhere: this.#readyElsewhere(taken),
          referenceReachable: moment.referenceReachable,
          lastHealthyMs: this.#lastSightMs(moment),
          guard: this.#guard,
        },
      },
      moment.now,
    );
    this.#guard = decision.guard;
    const decided = decision.targets.map((each, at): EntryDecision => {
      const entry = inTime[at]?.entry;
      if (entry === undefined) throw new Error('a decision without its entry');
      remember(entry, each);
      return { entry, decided: each };
    });
    this.#departures.noteDecided(decision.removals);
    const removed = decision.removals.map((plan) => ({
      entry: this.#book.entryFor(plan.namespace, plan.name),
      decided: { plan, assessments: [] },
    }));
    return { decisions: [...decided, ...removed], tooEarly: staying.filter((entry) => !taken.has(entry)) };
  }

  /** Follows the target's addresses with checks; undefined while it is too early to decide. */
  #momentOf(
    entry: TargetEntry,
    { now, guards, stateless, lastHealthyMs }: DecidingMoment,
    foundLast: Map<CheckId, Health>,
  ): [EntryMoment] | undefined {
    const { target, existing = NOTHING_EXISTS, memory, origins, inherits, answers } = entry;
    if (target === undefined) return undefined;
    entry.existingBefore = existing;
    const moment = { target, existing, memory, origins, inherits, answers };
    const healthOf = (id: CheckId) => this.#checks.health(id);
    const naming = { healthOf, stateless, guards, options: this.#options, fleet: { lastHealthyMs } };
    const { known } = viewMoment(moment, naming, now);
    const candidates = candidatesOf(target, known, guards).filter(isToBeChecked);
    for (const [id, health] of this.#checks.replace(entry.key, checksOf(target, candidates)))
      foundLast.set(id, health);
    const tooEarly = now.monotonicMs < entry.patienceUntilMs && !this.#checks.haveVerdicts(entry.key);
    return tooEarly ? undefined : [{ entry, moment }];
  }

  /** A success says little while most of what counts as healthy is failing; asked only when it matters, for it asks every check. */
  #lastSightMs({ lastHealthyMs }: DecidingMoment): number {
    if (this.#guard.suspectSinceMs === undefined || seesClearly(this.#checks.snapshot().values()))
      return lastHealthyMs;
    return Math.min(lastHealthyMs, this.#guard.suspectSinceMs);
  }

  #readyElsewhere(taken: ReadonlySet<TargetEntry>): number {
    let ready = 0;
    for (const entry of this.#book.entries.values()) if (!taken.has(entry)) ready += entry.readyAddresses;
    return ready;
  }
}

import { candidatesOf, isToBeChecked } from '../../endpoint/candidate.ts';
import { type DrainGuardState, NO_SUSPICION, recalledSuspicion } from '../../endpoint/drain-guard.ts';
import { checksOf } from '../../health/check.ts';
import type { CheckId } from '../../health/health.ts';
import { seesClearly } from '../../health/sight.ts';
import { type ExistingObjects, NOTHING_EXISTS } from '../../plan/existing-objects.ts';
import { deletionPolicyOf, type RemovalInput } from '../../plan/plan-removal.ts';
import type { TargetPlan } from '../../plan/plan-target.ts';
import type { Instant } from '../../target/clock.ts';
import type { Guards } from '../../target/guards.ts';
import {
  type DecideInput,
  type DecideOptions,
  decideInSteps,
  readyAfter,
  type TargetDecision,
} from '../decide.ts';
import { isOursInPart } from '../owned-objects.ts';
import { type TargetMoment, viewMoment } from '../view-moment.ts';
import type { CheckSet } from './check-set.ts';
import type { TargetBook } from './target-book.ts';
import type { TargetEntry } from './target-entry.ts';

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

/** What the entry's next decision has to know of this one. */
export function remember(entry: TargetEntry, { memory, origins, nextChangeAtMs }: TargetDecision): void {
  entry.memory = memory;
  entry.origins = origins;
  entry.inherits = false;
  entry.nextChangeAtMs = nextChangeAtMs;
}

/** Brings entries before `decide()` and keeps on them what it remembers. */
export class Decider {
  private readonly book: TargetBook;
  private readonly checks: CheckSet;
  private readonly options: DecideOptions;
  private guard: DrainGuardState = NO_SUSPICION;
  /** What the list in force has let go, by key: it counts against `maxDeletes` for as long as that list does. */
  private readonly letGo = new Set<string>();

  constructor(book: TargetBook, checks: CheckSet, options: DecideOptions) {
    this.book = book;
    this.checks = checks;
    this.options = options;
  }

  /** From the process before. */
  recallSuspicion(suspectSinceMs: number | undefined, nowMs: number): void {
    this.guard = recalledSuspicion(suspectSinceMs, nowMs);
  }

  /** Another list is in force from now on. */
  startList(): void {
    this.letGo.clear();
  }

  get suspectSinceMs(): number | undefined {
    return this.guard.suspectSinceMs;
  }

  /**
   * Decides these entries together: one moment, one guard. Entries whose checks have only just begun are left out
   * while they have patience, and come back as `tooEarly`. Rests after each, for whoever has to wait meanwhile.
   */
  *decide(entries: readonly TargetEntry[], moment: DecidingMoment): Generator<void, EntryDecisions> {
    const staying = entries.filter((entry) => entry.target !== undefined);
    const leaving = entries.filter((entry) => entry.target === undefined);
    const inTime: EntryMoment[] = [];
    for (const entry of staying) {
      inTime.push(...(this.momentOf(entry, moment) ?? []));
      yield;
    }
    const taken = new Set(inTime.map(({ entry }) => entry));
    const decision = yield* decideInSteps(
      {
        targets: inTime.map((each) => each.moment),
        ...this.removals(leaving),
        healthOf: (id) => this.checks.health(id),
        guards: moment.guards,
        options: this.options,
        stateless: moment.stateless,
        fleet: {
          readyElsewhere: this.readyElsewhere(taken),
          referenceReachable: moment.referenceReachable,
          lastHealthyMs: this.lastSightMs(moment),
          guard: this.guard,
        },
      },
      moment.now,
    );
    this.guard = decision.guard;
    const decided = decision.targets.map((each, at): EntryDecision => {
      const entry = inTime[at]?.entry;
      if (entry === undefined) throw new Error('a decision without its entry');
      remember(entry, each);
      entry.readyAddresses = readyAfter(each);
      return { entry, decided: each };
    });
    const removed = decision.removals.map((plan) => {
      const entry = this.book.entryFor(plan.namespace, plan.name);
      if (plan.phase === 'Deleted') this.letGo.add(entry.key);
      return { entry, decided: { plan, assessments: [] } };
    });
    return { decisions: [...decided, ...removed], tooEarly: staying.filter((entry) => !taken.has(entry)) };
  }

  /** Follows the target's addresses with checks; undefined while it is too early to decide. */
  private momentOf(
    entry: TargetEntry,
    { now, guards, stateless, lastHealthyMs }: DecidingMoment,
  ): [EntryMoment] | undefined {
    const { target, existing = NOTHING_EXISTS, memory, origins, inherits, answers } = entry;
    if (target === undefined) return undefined;
    entry.existingBefore = existing;
    const moment = { target, existing, memory, origins, inherits, answers };
    const healthOf = (id: CheckId) => this.checks.health(id);
    const naming = { healthOf, stateless, guards, options: this.options, fleet: { lastHealthyMs } };
    const { known } = viewMoment(moment, naming, now);
    const candidates = candidatesOf(target, known, guards).filter(isToBeChecked);
    this.checks.replace(entry.key, checksOf(target, candidates));
    const tooEarly = now.monotonicMs < entry.patienceUntilMs && !this.checks.haveVerdicts(entry.key);
    return tooEarly ? undefined : [{ entry, moment }];
  }

  /** A success says little while most of what counts as healthy is failing; asked only when it matters, for it asks every check. */
  private lastSightMs({ lastHealthyMs }: DecidingMoment): number {
    if (this.guard.suspectSinceMs === undefined || seesClearly(this.checks.snapshot().values()))
      return lastHealthyMs;
    return this.guard.suspectSinceMs;
  }

  /**
   * What has left the list: to be taken away if it is ours, to be forgotten if it is not. The others that have left it
   * count by what was known of them last, for they may come up for decision at another time.
   */
  private removals(
    leaving: readonly TargetEntry[],
  ): Pick<DecideInput, 'removals' | 'ownedServices' | 'removedBesides'> {
    if (leaving.length === 0) return { removals: [], ownedServices: 0, removedBesides: 0 };
    for (const entry of leaving) {
      entry.existingBefore = entry.existing;
      if (!this.isOurs(entry)) this.book.entries.delete(entry.key);
    }
    const removals = leaving.filter((entry) => this.isOurs(entry)).map((entry) => this.removalOf(entry));
    const owned = [...this.book.entries.values()].filter((entry) => this.isOurs(entry));
    const going = owned.filter(
      (entry) => entry.target === undefined && deletionPolicyOf(this.removalOf(entry)) === 'Delete',
    );
    const taken = new Set(leaving.map(({ key }) => key));
    const besides = new Set([...going.map(({ key }) => key), ...this.letGo]);
    return {
      removals,
      ownedServices: new Set([...owned.map(({ key }) => key), ...this.letGo]).size,
      removedBesides: [...besides].filter((key) => !taken.has(key)).length,
    };
  }

  private isOurs(entry: TargetEntry): boolean {
    return isOursInPart(knownOf(entry), this.options.instance);
  }

  private removalOf(entry: TargetEntry): RemovalInput {
    const { namespace, name } = entry;
    return { namespace, name, existing: knownOf(entry), instance: this.options.instance };
  }

  private readyElsewhere(taken: ReadonlySet<TargetEntry>): number {
    let ready = 0;
    for (const entry of this.book.entries.values()) if (!taken.has(entry)) ready += entry.readyAddresses;
    return ready;
  }
}

/** What exists, or what did when that was last known. */
function knownOf({ existing, existingBefore }: TargetEntry): ExistingObjects {
  return existing ?? existingBefore ?? NOTHING_EXISTS;
}

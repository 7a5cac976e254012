import type { ServiceRanges } from '../cluster/service-ranges.ts';
import { DEFAULT_GUARDS, type Guards } from '../model/guards.ts';
import { type Clock, instantOf } from '../time/clock.ts';
import { Pace } from '../time/time-slice.ts';
import type { PlanCarrier } from './apply-queue.ts';
import type { Decider, EntryDecision } from './decider.ts';
import type { Metrics } from './metrics.ts';
import type { Lookout } from './observer.ts';
import { recheckAtMs } from './requeue.ts';
import type { SettlementKeeper } from './status-recorder.ts';
import type { TargetReader } from './target-reader.ts';
import type { TargetEntry } from './target-record.ts';
import type { TargetBook } from './target-registry.ts';
import type { Agenda } from './work-queue.ts';

export interface RoundsParts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Decides from knowledge either way; hands plans on only while this says yes, as it did when the round began. */
  readonly isLeader: () => boolean;
  readonly book: TargetBook;
  readonly agenda: Agenda;
  readonly lookout: Lookout;
  readonly reader: TargetReader;
  readonly ranges: ServiceRanges;
  readonly decider: Decider;
  readonly keeper: SettlementKeeper;
  readonly carrier: PlanCarrier;
  readonly onDecided: () => void;
}

/** Goes through what is due: reads what has to be read, decides the rest, and hands on what there is to write. */
export class Rounds {
  readonly #parts: RoundsParts;
  #guards: Guards | undefined;
  #isComplete = false;
  #stateless = false;
  #leading = false;

  constructor(parts: RoundsParts) {
    this.#parts = parts;
  }

  /** @param isComplete false while parts of the list have yet to be read: what it lacks has not left it then. */
  setList(guards: Guards, isComplete: boolean): void {
    this.#guards = guards;
    this.#isComplete = isComplete;
  }

  get hasList(): boolean {
    return this.#guards !== undefined;
  }

  /** There is no place to keep state in. */
  setStateless(stateless: boolean): void {
    this.#stateless = stateless;
  }

  /**
   * Whether this process leads in the rounds to come. What was decided while another led was not written by us, nor with
   * what that one knew: all of it is looked at when we do.
   */
  setLeading(leads: boolean): void {
    const { agenda, book } = this.#parts;
    if (leads && !this.#leading) for (const entry of book.entries.values()) agenda.mark(entry);
    this.#leading = leads;
  }

  get isLeading(): boolean {
    return this.#leading;
  }

  /** One look at everything that is due. Waits for nobody; but where there is much, others have their turn meanwhile. */
  async goRound(signal: AbortSignal): Promise<void> {
    const { agenda, book, carrier, clock, reader } = this.#parts;
    if (!this.hasList) return;
    const nowMs = clock.monotonicNow();
    agenda.keepAppointments(book.entries.values(), nowMs);
    if (!this.#isComplete) agenda.spareUnlisted();
    const due = agenda.dueAt(nowMs);
    const unread = due.filter(({ existing }) => existing === undefined);
    if (unread.length > 0 && this.#readableAtMs <= nowMs) {
      reader.start(unread, carrier.serverAway.isSo, signal);
    }
    const ready = due.filter(({ existing }) => existing !== undefined);
    if (ready.length > 0) await this.#decide(ready, signal);
    carrier.pump();
  }

  /** When there will be something to do again, if nothing happens before; Infinity for never. */
  get nextRoundAtMs(): number {
    const { agenda, carrier } = this.#parts;
    if (!this.hasList) return Number.POSITIVE_INFINITY;
    return Math.min(agenda.nextDueAtMs(this.#readableAtMs), carrier.nextTurnAtMs);
  }

  /** A server that takes no writes is not asked what there is either, until it may be back. */
  get #readableAtMs(): number {
    const { carrier, reader } = this.#parts;
    return Math.max(reader.readyAtMs, carrier.serverAway.untilMs);
  }

  /** What changes about an entry while all are decided brings it back: it is decided as of one moment. */
  async #decide(entries: readonly TargetEntry[], signal: AbortSignal): Promise<void> {
    const { agenda, clock, decider, lookout, metrics, onDecided, ranges, reader } = this.#parts;
    for (const entry of entries) {
      entry.decidedForMs = entry.dirtySinceMs ?? 0;
      agenda.strike(entry);
    }
    const now = instantOf(clock);
    const deciding = decider.decide(entries, {
      now,
      guards: { ...(this.#guards ?? DEFAULT_GUARDS), serviceCidrs: ranges.cidrs },
      stateless: this.#stateless,
      referenceReachable: reader.isServerReachable,
      lastHealthyMs: lookout.lastHealthyMs,
    });
    const pace = new Pace(clock, signal);
    let step = deciding.next();
    for (; !step.done; step = deciding.next()) if (pace.isTired()) await pace.rest();
    const { decisions, tooEarly } = step.value;
    metrics.decided(decisions.length);
    // Their verdicts, or the end of their patience, bring them back.
    for (const entry of tooEarly) agenda.mark(entry);
    for (const decision of decisions) {
      this.#handOn(decision, now.monotonicMs);
      if (pace.isTired()) await pace.rest();
    }
    onDecided();
  }

  #handOn({ entry, decided }: EntryDecision, nowMs: number): void {
    const { agenda, carrier, isLeader, keeper } = this.#parts;
    const { plan } = decided;
    const heldUntilMs = entry.contention.heldUntilMs(plan.actions, nowMs);
    const isHeld = heldUntilMs > nowMs;
    entry.recheckAtMs = isHeld ? heldUntilMs : recheckAtMs(entry, plan, nowMs);
    agenda.noteAppointment(entry);
    if (isHeld) keeper.keepContended(entry, decided);
    else if (plan.actions.length === 0 && plan.continuation === undefined) keeper.keepAtRest(entry, decided);
    else if (this.#leading && isLeader()) carrier.carry(entry, decided, nowMs);
  }
}

import type { ObjectStore } from '../cluster/object-store.ts';
import type { TargetDecision } from '../decide/decide.ts';
import { NOTHING_EXISTS } from '../plan/existing-objects.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import { type BackOff, backOffAfter, NO_BACK_OFF, SERVER_PAUSES } from '../time/back-off.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { type ApplyResult, applyPlan, isServerAway } from './apply-plan.ts';
import type { TargetRecord } from './target-record.ts';

/** A plan on its way to the API server. */
interface ApplyTask {
  readonly record: TargetRecord;
  readonly plan: TargetPlan;
  /** When it was decided: a record that was added since is decided again instead. */
  readonly decidedAtMs: number;
}

export interface ApplyQueueSettings {
  readonly dryRun: boolean;
  /** A server that does not take writes is tried again by one plan at a time, after growing pauses. */
  readonly backsOff: boolean;
  readonly onApplied: (record: TargetRecord, result: ApplyResult) => void;
  /** The plan was not begun, because something changed since it was decided. */
  readonly onOvertaken: (record: TargetRecord) => void;
  /** A broken invariant. */
  readonly onCrash: (error: unknown) => void;
}

export interface ApplyQueuePorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** More writers only make the API server slower (measured: 8 to 32 are alike). */
const WRITERS = 16;

/**
 * Writes plans, a bounded number at a time, the longest waiting first. While the API server is away, one plan at a time
 * goes out to see whether it is back (a half-open circuit breaker), so that its return is no stampede.
 */
export class ApplyQueue {
  readonly #ports: ApplyQueuePorts;
  readonly #settings: ApplyQueueSettings;
  readonly #waiting: ApplyTask[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #signal: AbortSignal;
  #serverBackOff: BackOff = NO_BACK_OFF;
  #isPumping = false;

  constructor(ports: ApplyQueuePorts, settings: ApplyQueueSettings, signal: AbortSignal) {
    this.#ports = ports;
    this.#settings = settings;
    this.#signal = signal;
  }

  /** Takes over a decision whose plan has something to write. */
  enqueue(record: TargetRecord, decided: TargetDecision | TargetPlan, decidedAtMs: number): void {
    record.acceptDecision('target' in decided ? decided : undefined);
    const { plan, assessments } = decided;
    const task = { record, plan: { plan, assessments }, decidedAtMs };
    const at = this.#waiting.findLastIndex((each) => each.record.decidedForMs <= record.decidedForMs) + 1;
    this.#waiting.splice(at, 0, task);
  }

  /** The API server did not take the last plan, and is not asked again before `untilMs`. */
  get serverAway(): { readonly isSo: boolean; readonly untilMs: number } {
    const { failures, untilMs } = this.#serverBackOff;
    return { isSo: failures > 0, untilMs };
  }

  /** When the next plan may start by time alone; Infinity when none waits for that. */
  get nextTurnAtMs(): number {
    return this.#waiting.length > 0 && this.#underWay.size === 0
      ? this.#serverBackOff.untilMs
      : Number.POSITIVE_INFINITY;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0 && this.#underWay.size === 0;
  }

  /** Starts what may start now. */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#waiting.length > 0 && this.#mayStart()) this.#startNext();
    } finally {
      this.#isPumping = false;
    }
  }

  /** Resolves when the running writes have ended. Waiting plans are left to the next process. */
  async drain(): Promise<void> {
    for (const { record } of this.#waiting.splice(0)) record.overtake();
    await Promise.all(this.#underWay);
  }

  #startNext(): void {
    const task = this.#waiting.shift();
    if (task === undefined) return;
    const { record } = task;
    if (record.dirtySinceMs !== undefined && record.dirtySinceMs > task.decidedAtMs) {
      record.overtake();
      this.#settings.onOvertaken(record);
      return;
    }
    record.startApplying();
    const running = this.#run(task).catch((error: unknown) => {
      if (!this.#signal.aborted) this.#settings.onCrash(error);
    });
    this.#underWay.add(running);
    void running.finally(() => this.#underWay.delete(running)).then(() => this.pump());
  }

  #mayStart(): boolean {
    if (this.#signal.aborted) return false;
    if (this.#serverBackOff.failures === 0) return this.#underWay.size < WRITERS;
    return this.#underWay.size === 0 && this.#serverBackOff.untilMs <= this.#ports.clock.monotonicNow();
  }

  /** Plans that failed together count as one failure. */
  #noteServer(isAway: boolean): void {
    if (!this.#settings.backsOff) return;
    const nowMs = this.#ports.clock.monotonicNow();
    if (!isAway) this.#serverBackOff = NO_BACK_OFF;
    else if (nowMs >= this.#serverBackOff.untilMs) {
      this.#serverBackOff = backOffAfter(this.#serverBackOff, nowMs, this.#ports.random, SERVER_PAUSES);
    }
  }

  async #run({ record, plan }: ApplyTask): Promise<void> {
    const existing = record.existing ?? NOTHING_EXISTS;
    const { dryRun } = this.#settings;
    const result = await applyPlan(plan, existing, this.#ports.store, { dryRun }, this.#signal);
    this.#noteServer(isServerAway(result));
    this.#settings.onApplied(record, result);
  }
}

import type { ObjectStore } from '../cluster/object-store.ts';
import { type DecideOptions, decideAgain, planRemoval, type TargetDecision } from '../decide/decide.ts';
import { type ExistingObjects, NOTHING_EXISTS } from '../plan/existing-objects.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import { type BackOff, backOffAfter, NO_BACK_OFF, SERVER_PAUSES } from '../time/back-off.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import {
  type ApplyResult,
  applyPlan,
  DEFAULT_APPLY_LIMITS,
  newApplySlots,
  type Replan,
} from './apply-plan.ts';
import { remember } from './decider.ts';
import type { TargetRecord } from './target-record.ts';

/** A plan on its way to the API server. */
interface ApplyTask {
  readonly record: TargetRecord;
  readonly first: TargetPlan;
  readonly replan: Replan;
  /** When it was decided: an entry that got dirty since is decided again instead. */
  readonly decidedAtMs: number;
}

export interface ApplyQueueSettings {
  readonly options: DecideOptions;
  readonly onApplied: (record: TargetRecord, result: ApplyResult) => void;
  /** The plan was not begun, because it is no longer what would be decided. */
  readonly onDropped: (record: TargetRecord) => void;
}

interface ApplyQueuePorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Carries plans out, a bounded number at a time, whoever has waited longest first. While the API server is away, one plan
 * at a time goes out to see whether it is back; the rest wait, so that its return is no stampede.
 */
export class ApplyQueue {
  readonly #ports: ApplyQueuePorts;
  readonly #settings: ApplyQueueSettings;
  readonly #waiting: ApplyTask[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #turns = newApplySlots();
  readonly #signal: AbortSignal;
  #serverBackOff: BackOff = NO_BACK_OFF;
  #crash: { readonly error: unknown } | undefined;

  constructor(ports: ApplyQueuePorts, settings: ApplyQueueSettings, signal: AbortSignal) {
    this.#ports = ports;
    this.#settings = settings;
    this.#signal = signal;
  }

  /** Takes over a decision whose plan has something to do. The entry stays busy until it is settled or dropped. */
  enqueue(record: TargetRecord, decision: TargetDecision | TargetPlan, decidedAtMs: number): void {
    const { options } = this.#settings;
    // A write may take half a minute to fail, and by then an address that was drained may be well again.
    const replan: Replan = (existing) => (isOutdated(record, decidedAtMs) ? undefined : planAgain(existing));
    const planAgain = (existing: ExistingObjects): TargetPlan => {
      if (!('context' in decision)) {
        const plan = planRemoval({ ...decision.plan, existing, instance: options.instance });
        return { plan, assessments: [] };
      }
      const again = decideAgain(decision, existing);
      remember(record, again);
      return again;
    };
    record.busy = true;
    const task = { record, first: decision, replan, decidedAtMs };
    const at = this.#waiting.findLastIndex((each) => each.record.decidedForMs <= record.decidedForMs) + 1;
    this.#waiting.splice(at, 0, task);
    this.pump();
  }

  /** The API server did not take the last plan, and is not to be bothered before `untilMs`. */
  get serverAway(): { readonly isSo: boolean; readonly untilMs: number } {
    const { failures, untilMs } = this.#serverBackOff;
    return { isSo: failures > 0, untilMs };
  }

  /** When there is something to do that only time brings about; Infinity when there is not. */
  get nextTurnAtMs(): number {
    return this.#waiting.length > 0 && this.#underWay.size === 0 ? this.#serverBackOff.untilMs : Infinity;
  }

  /** Starts what may start now. */
  pump(): void {
    if (this.#crash !== undefined) throw this.#crash.error;
    while (this.#waiting.length > 0 && this.#mayStart()) {
      const errand = this.#waiting.shift();
      if (errand === undefined) return;
      const { record } = errand;
      if (isOutdated(record, errand.decidedAtMs)) {
        record.busy = false;
        // It goes on waiting from where it began, or what changes often would never have its turn.
        record.dirtySinceMs = record.decidedForMs;
        this.#settings.onDropped(record);
        continue;
      }
      const task = this.#run(errand).catch((error: unknown) => {
        if (!this.#signal.aborted) this.#crash = { error };
      });
      this.#underWay.add(task);
      void task.finally(() => this.#underWay.delete(task)).then(() => this.pump());
    }
  }

  /** Waits for what is under way; what only waits is left for the next process. */
  async drain(): Promise<void> {
    for (const { record } of this.#waiting.splice(0)) record.busy = false;
    await Promise.all(this.#underWay);
  }

  #mayStart(): boolean {
    if (this.#signal.aborted) return false;
    if (this.#serverBackOff.failures === 0) return this.#turns.writing.hasRoom;
    return this.#underWay.size === 0 && this.#serverBackOff.untilMs <= this.#ports.clock.monotonicNow();
  }

  /** Plans that failed together count as one failure. */
  #noteServer(away: boolean): void {
    const nowMs = this.#ports.clock.monotonicNow();
    if (!away) this.#serverBackOff = NO_BACK_OFF;
    else if (nowMs >= this.#serverBackOff.untilMs) {
      this.#serverBackOff = backOffAfter(this.#serverBackOff, nowMs, this.#ports.random, SERVER_PAUSES);
    }
  }

  async #run({ record, first, replan }: ApplyTask): Promise<void> {
    const applyOptions = {
      ...DEFAULT_APPLY_LIMITS,
      instance: this.#settings.options.instance,
      dryRun: false,
    };
    const existing = record.existing ?? NOTHING_EXISTS;
    const ports = { ...this.#ports, turns: this.#turns, onWaiting: () => this.pump() };
    const result = await applyPlan(first, existing, replan, ports, applyOptions, this.#signal);
    this.#noteServer(isServerAway(result));
    record.busy = false;
    this.#settings.onApplied(record, result);
  }
}

/** It got dirty since: it is decided again, from what is known now. */
function isOutdated({ dirtySinceMs }: TargetRecord, decidedAtMs: number): boolean {
  return dirtySinceMs !== undefined && dirtySinceMs > decidedAtMs;
}

/** Said of the server and not of the target. */
export function isServerAway({ failure }: Pick<ApplyResult, 'failure'>): boolean {
  return failure !== undefined && SERVER_REASONS.has(failure.reason);
}

const SERVER_REASONS: ReadonlySet<string> = new Set([
  'Unreachable',
  'Timeout',
  'TooManyRequests',
  'ServerError',
  'Unauthorized',
  'CredentialsUnavailable',
]);

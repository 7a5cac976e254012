import type { ObjectStore } from '../cluster/object-store.ts';
import { type DecideOptions, decideAgain, planRemoval, type TargetDecision } from '../decide/decide.ts';
import { type ExistingObjects, NOTHING_EXISTS } from '../plan/existing-objects.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import { type BackOff, backOffAfter, NO_BACK_OFF, SERVER_PAUSES } from '../time/back-off.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { DEFAULT_SETTLE_LIMITS, newSettleTurns, type Replan, type Settlement, settle } from './apply-plan.ts';
import { remember } from './decider.ts';
import type { TargetEntry } from './target-record.ts';

/** A plan on its way to the API server. */
interface Errand {
  readonly entry: TargetEntry;
  readonly first: TargetPlan;
  readonly replan: Replan;
  /** When it was decided: an entry that got dirty since is decided again instead. */
  readonly decidedAtMs: number;
}

export interface CarrierSettings {
  readonly options: DecideOptions;
  readonly onSettled: (entry: TargetEntry, settlement: Settlement) => void;
  /** The plan was not begun, because it is no longer what would be decided. */
  readonly onDropped: (entry: TargetEntry) => void;
}

interface PlanCarrierPorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Carries plans out, a bounded number at a time, whoever has waited longest first. While the API server is away, one plan
 * at a time goes out to see whether it is back; the rest wait, so that its return is no stampede.
 */
export class PlanCarrier {
  readonly #ports: PlanCarrierPorts;
  readonly #settings: CarrierSettings;
  readonly #waiting: Errand[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #turns = newSettleTurns();
  readonly #signal: AbortSignal;
  #serverBackOff: BackOff = NO_BACK_OFF;
  #crash: { readonly error: unknown } | undefined;

  constructor(ports: PlanCarrierPorts, settings: CarrierSettings, signal: AbortSignal) {
    this.#ports = ports;
    this.#settings = settings;
    this.#signal = signal;
  }

  /** Takes over a decision whose plan has something to do. The entry stays busy until it is settled or dropped. */
  carry(entry: TargetEntry, decision: TargetDecision | TargetPlan, decidedAtMs: number): void {
    const { options } = this.#settings;
    // A write may take half a minute to fail, and by then an address that was drained may be well again.
    const replan: Replan = (existing) => (isOutdated(entry, decidedAtMs) ? undefined : planAgain(existing));
    const planAgain = (existing: ExistingObjects): TargetPlan => {
      if (!('grounds' in decision)) {
        const plan = planRemoval({ ...decision.plan, existing, instance: options.instance });
        return { plan, assessments: [] };
      }
      const again = decideAgain(decision, existing);
      remember(entry, again);
      return again;
    };
    entry.busy = true;
    const errand = { entry, first: decision, replan, decidedAtMs };
    const at = this.#waiting.findLastIndex((each) => each.entry.decidedForMs <= entry.decidedForMs) + 1;
    this.#waiting.splice(at, 0, errand);
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
      const { entry } = errand;
      if (isOutdated(entry, errand.decidedAtMs)) {
        entry.busy = false;
        // It goes on waiting from where it began, or what changes often would never have its turn.
        entry.dirtySinceMs = entry.decidedForMs;
        this.#settings.onDropped(entry);
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
    for (const { entry } of this.#waiting.splice(0)) entry.busy = false;
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

  async #run({ entry, first, replan }: Errand): Promise<void> {
    const settleOptions = {
      ...DEFAULT_SETTLE_LIMITS,
      instance: this.#settings.options.instance,
      dryRun: false,
    };
    const existing = entry.existing ?? NOTHING_EXISTS;
    const ports = { ...this.#ports, turns: this.#turns, onWaiting: () => this.pump() };
    const settlement = await settle(first, existing, replan, ports, settleOptions, this.#signal);
    this.#noteServer(isServerAway(settlement));
    entry.busy = false;
    this.#settings.onSettled(entry, settlement);
  }
}

/** It got dirty since: it is decided again, from what is known now. */
function isOutdated({ dirtySinceMs }: TargetEntry, decidedAtMs: number): boolean {
  return dirtySinceMs !== undefined && dirtySinceMs > decidedAtMs;
}

/** Said of the server and not of the target. */
export function isServerAway({ failure }: Pick<Settlement, 'failure'>): boolean {
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

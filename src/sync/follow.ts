import type { Log } from '../model/log.ts';
import { StateSaver } from '../state/state-saver.ts';
import type { StateStore } from '../state/sync-state.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { Controller } from './controller.ts';

export interface FollowPorts {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly isLeader: () => boolean;
}

const LONGEST_REST_MS = 60_000;

/**
 * Runs a controller until a signal: loads the saved state, reconciles, and at the end finishes the running writes and
 * saves the state.
 *
 *     recall ──▶ reconcile ──▶ save, if due ──▶ sleep until something is due, or is signalled ──▶ finish, save
 *                  ▲                                                    │
 *                  └────────────────────────────────────────────────────┘
 */
export class Follow {
  readonly #controller: Controller;
  readonly #ports: FollowPorts;
  readonly #state: StateSaver;
  /** How long running writes may take after the signal to stop. */
  readonly #shutdownTimeoutMs: number;
  #hasReached = false;
  #hasNoStateStore = false;
  #turnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(controller: Controller, ports: FollowPorts, shutdownTimeoutMs: number) {
    this.#controller = controller;
    this.#ports = ports;
    this.#shutdownTimeoutMs = shutdownTimeoutMs;
    this.#state = new StateSaver(ports, () => controller.states);
    controller.onStateChange = () => this.#state.noteChange();
  }

  /** The API server has answered this process. */
  get hasReachedCluster(): boolean {
    return this.#hasReached;
  }

  /** When the loop last turned, on the monotonic clock: a loop that no longer turns is not alive. */
  get turnedAtMs(): number {
    return this.#turnedAtMs;
  }

  /** Works until `signal` aborts; then finishes the writes that are under way, saves the state and resolves. */
  async run(signal: AbortSignal): Promise<void> {
    const { observer, ranges, reader } = this.#controller;
    const stopped = new AbortController();
    const stop = () => stopped.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const looking = observer.tasks.map((task) =>
      task(stopped.signal).catch((error: unknown) => {
        if (!stopped.signal.aborted) this.#controller.fail(error);
      }),
    );
    try {
      await this.#recall(stopped.signal);
      while (!stopped.signal.aborted) await this.#turn(stopped.signal);
    } catch (error) {
      if (!stopped.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      stopped.abort(new Error('the worker ended'));
      await this.#shutDown();
      await Promise.all([...looking, reader.idle(), ranges.idle()]);
    }
  }

  async #recall(signal: AbortSignal): Promise<void> {
    const loaded = await this.#state.loadPatiently(signal);
    await this.#controller.ranges.readPatiently(signal);
    this.#hasReached = true;
    this.#hasNoStateStore = loaded.kind === 'unusable';
    this.#controller.reconciler.setHasNoStateStore(this.#hasNoStateStore);
    this.#controller.recall(loaded.states);
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { ranges, reconciler, signal: wake } = this.#controller;
    this.#controller.throwIfFailed();
    const nowMs = this.#ports.clock.monotonicNow();
    this.#turnedAtMs = nowMs;
    ranges.readIfDue(signal);
    await this.#noteLeadership(signal);
    await reconciler.reconcileDue(signal);
    if (this.#savesState) this.#state.saveIfDue(signal);
    const nextMs = Math.min(
      reconciler.nextRoundAtMs,
      this.#savesState ? this.#state.nextSaveAtMs : Number.POSITIVE_INFINITY,
      nowMs + LONGEST_REST_MS,
    );
    await wake.sleepUntil(nextMs, signal);
  }

  /** A new leader does not drop addresses that the one before has published and it has never met itself. */
  async #noteLeadership(signal: AbortSignal): Promise<void> {
    const { reconciler } = this.#controller;
    const isLeading = this.#ports.isLeader();
    const before = isLeading && !reconciler.isLeading ? await this.#state.loadOnce(signal) : undefined;
    // Undefined: this process saved the state last, so it led before.
    if (before !== undefined) this.#controller.succeed(before);
    reconciler.setLeading(isLeading);
  }

  /** Only the leader's memory is kept, where there is a place for it. */
  get #savesState(): boolean {
    return this.#ports.isLeader() && !this.#hasNoStateStore;
  }

  async #shutDown(): Promise<void> {
    const done = new AbortController();
    const deadline = this.#ports.clock.sleep(this.#shutdownTimeoutMs, done.signal).then(
      () => this.#controller.stopWriting(new Error('time to shut down is over')),
      () => undefined,
    );
    // In parallel: a write that hangs must not cost the state.
    const saving = this.#ports.isLeader() ? this.#state.saveAtLast(this.#controller.writing) : undefined;
    await Promise.all([this.#controller.applyQueue.drain(), saving]);
    done.abort();
    await deadline;
  }
}

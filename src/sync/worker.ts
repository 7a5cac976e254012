import type { Log } from '../model/log.ts';
import { StateSaver } from '../state/state-saver.ts';
import type { StateStore } from '../state/sync-state.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { Engine } from './controller.ts';

export interface WorkerPorts {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly isLeader: () => boolean;
}

const LONGEST_REST_MS = 60_000;

/**
 * The life of an engine: it recalls what the process before has learned, turns until it is told to stop, and then
 * finishes what is under way.
 *
 *     recall ──▶ round ──▶ save, if due ──▶ rest until something is due, or somebody calls ──▶ finish, save
 *                  ▲                                                    │
 *                  └────────────────────────────────────────────────────┘
 */
export class Worker {
  readonly #engine: Engine;
  readonly #ports: WorkerPorts;
  readonly #state: StateSaver;
  /** How long to go on with writes that are under way when it is told to stop. */
  readonly #shutdownTimeoutMs: number;
  #reached = false;
  #stateless = false;
  #lastTurnMs = Number.NEGATIVE_INFINITY;

  constructor(engine: Engine, ports: WorkerPorts, shutdownTimeoutMs: number) {
    this.#engine = engine;
    this.#ports = ports;
    this.#shutdownTimeoutMs = shutdownTimeoutMs;
    this.#state = new StateSaver(ports, () => engine.state);
    engine.onStateChange = () => this.#state.noteChange();
  }

  /** The API server has answered this process. */
  get hasReachedCluster(): boolean {
    return this.#reached;
  }

  /** When the loop last turned, on the monotonic clock: what no longer turns is not alive. */
  get turnedAtMs(): number {
    return this.#lastTurnMs;
  }

  /** Works until `signal` aborts; then finishes the writes under way, saves the state, and resolves. */
  async run(signal: AbortSignal): Promise<void> {
    const { observer, ranges, reader } = this.#engine;
    const stopped = new AbortController();
    const stop = () => stopped.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const looking = observer.tasks.map((task) =>
      task(stopped.signal).catch((error: unknown) => {
        if (!stopped.signal.aborted) this.#engine.fail(error);
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
    await this.#engine.ranges.readPatiently(signal);
    this.#reached = true;
    this.#stateless = loaded.kind === 'unusable';
    this.#engine.rounds.setHasNoStateStore(this.#stateless);
    this.#engine.recall(loaded.state);
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { ranges, rounds, signalled } = this.#engine;
    this.#engine.throwIfFailed();
    const nowMs = this.#ports.clock.monotonicNow();
    this.#lastTurnMs = nowMs;
    ranges.readIfDue(signal);
    await this.#noteLeadership(signal);
    await rounds.goRound(signal);
    if (this.#savesState) this.#state.saveIfDue(signal);
    const nextMs = Math.min(
      rounds.nextRoundAtMs,
      this.#savesState ? this.#state.nextSaveAtMs : Number.POSITIVE_INFINITY,
      nowMs + LONGEST_REST_MS,
    );
    await signalled.sleepUntil(nextMs, signal);
  }

  /** A new leader does not drop what the one before has published and it has never met itself. */
  async #noteLeadership(signal: AbortSignal): Promise<void> {
    const { rounds } = this.#engine;
    const leads = this.#ports.isLeader();
    const before = leads && !rounds.isLeading ? await this.#state.loadOnce(signal) : undefined;
    // Where nobody has saved anything in between, this process has led before itself.
    if (before !== undefined) this.#engine.succeed(before);
    rounds.setLeading(leads);
  }

  /** Only the leader's memory is kept, where there is a place for it. */
  get #savesState(): boolean {
    return this.#ports.isLeader() && !this.#stateless;
  }

  async #shutDown(): Promise<void> {
    const done = new AbortController();
    const deadline = this.#ports.clock.sleep(this.#shutdownTimeoutMs, done.signal).then(
      () => this.#engine.stopWriting(new Error('time to shut down is over')),
      () => undefined,
    );
    // Side by side: a write that hangs must not cost what was learned.
    const saving = this.#ports.isLeader() ? this.#state.saveAtLast(this.#engine.writing) : undefined;
    await Promise.all([this.#engine.applyQueue.drain(), saving]);
    done.abort();
    await deadline;
  }
}

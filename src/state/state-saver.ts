import type { Log } from '../model/log.ts';
import { backOffAfter, NO_BACK_OFF } from '../time/back-off.ts';
import type { Clock } from '../time/clock.ts';
import { deadlineAfter } from '../time/deadline.ts';
import type { Random } from '../time/random.ts';
import {
  EMPTY_STATE,
  type LoadedState,
  type StateNote,
  type StateStore,
  type SyncState,
} from './sync-state.ts';

/** A crash loses at most that much of what was learned; the ConfigMap is written at most that often. */
const SAVE_EVERY_MS = 5_000;

const LONGEST_PAUSE_MS = 10_000;

/** A new leader waits no longer for what the one before has saved. */
const LOADING_TIMEOUT_MS = 1_000;

const TOO_SLOW = new Error('the API server did not answer soon enough');

interface StateSaverPorts {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly isLeader: () => boolean;
}

/** Loads the state when a process starts and when it comes to lead, and saves it when it changed, never twice at a time. */
export class StateSaver {
  readonly #ports: StateSaverPorts;
  readonly #stateNow: () => SyncState;
  #changed = false;
  #lastSavedMs = Number.NEGATIVE_INFINITY;
  #saving: Promise<void> | undefined;
  #told = '';

  constructor(ports: StateSaverPorts, stateNow: () => SyncState) {
    this.#ports = ports;
    this.#stateNow = stateNow;
  }

  /** Waits for an API server that is away: starting without what was known before would be a pity. */
  async loadPatiently(signal: AbortSignal): Promise<LoadedState> {
    let backOff = NO_BACK_OFF;
    for (;;) {
      const loaded = await this.#ports.state.load(signal);
      this.#report(loaded.notes);
      if (loaded.kind !== 'unreachable') return loaded;
      const nowMs = this.#ports.clock.monotonicNow();
      backOff = backOffAfter(backOff, nowMs, this.#ports.random);
      await this.#ports.clock.sleep(Math.min(backOff.untilMs - nowMs, LONGEST_PAUSE_MS), signal);
    }
  }

  /** What another process has saved last: nothing when that cannot be told soon, undefined when it was this one. */
  async loadOnce(signal: AbortSignal): Promise<SyncState | undefined> {
    const deadline = deadlineAfter(LOADING_TIMEOUT_MS, this.#ports.clock, TOO_SLOW, signal);
    try {
      const { state, notes, isOwn } = await this.#ports.state.load(deadline.signal);
      this.#report(notes);
      return isOwn ? undefined : state;
    } catch (error) {
      signal.throwIfAborted();
      if (!deadline.signal.aborted) throw error;
      return EMPTY_STATE;
    } finally {
      await deadline.end();
    }
  }

  /** Something that the state holds may be other than it was. */
  noteChange(): void {
    this.#changed = true;
  }

  get nextSaveAtMs(): number {
    return this.#changed && this.#saving === undefined
      ? this.#lastSavedMs + SAVE_EVERY_MS
      : Number.POSITIVE_INFINITY;
  }

  saveIfDue(signal: AbortSignal): void {
    if (this.#ports.clock.monotonicNow() < this.nextSaveAtMs) return;
    this.#saving = this.#save(signal)
      .catch((error: unknown) => {
        if (!signal.aborted) throw error;
      })
      .finally(() => {
        this.#saving = undefined;
      });
  }

  /** For the end of the process: there it is told and not thrown when the time was not enough. */
  async saveAtLast(signal: AbortSignal): Promise<void> {
    try {
      await this.#save(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      const message =
        'the API server did not take it in time; the next process begins with what was saved before';
      this.#report([{ reason: 'StateNotSaved', message }]);
    }
  }

  async #save(signal: AbortSignal): Promise<void> {
    this.#changed = false;
    this.#lastSavedMs = this.#ports.clock.monotonicNow();
    const notes = await this.#ports.state.save(this.#stateNow(), signal, this.#ports.isLeader);
    if (notes.some(({ reason }) => reason === 'StateNotSaved')) this.#changed = true;
    this.#report(notes);
  }

  /** The same trouble is told once, not every five seconds. */
  #report(notes: readonly StateNote[]): void {
    const text = notes.map(({ reason, message }) => `${reason} ${message}`).join('\n');
    if (text !== this.#told) for (const { reason, message } of notes) this.#ports.log.warn(reason, message);
    this.#told = text;
  }
}

import type { Log } from '../model/log.ts';
import { backOffAfter, NO_BACK_OFF } from '../time/back-off.ts';
import type { Clock } from '../time/clock.ts';
import { deadlineAfter } from '../time/deadline.ts';
import type { Random } from '../time/random.ts';
import type { LoadedState, SavedStates, StateNote, StateStore } from './sync-state.ts';

/** The ConfigMap is written at most that often. A crash loses at most the changes of this time. */
const SAVE_EVERY_MS = 5_000;

const LONGEST_PAUSE_MS = 10_000;

/** A new leader waits this long for the state of the previous leader. */
const LOADING_TIMEOUT_MS = 1_000;

const TOO_SLOW = new Error('the API server did not answer in time');

interface StateSaverPorts {
  readonly state: StateStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly isLeader: () => boolean;
}

/**
 * Loads the state at the start and when this process becomes leader. Saves it when it has changed, one save at a
 * time.
 */
export class StateSaver {
  readonly #ports: StateSaverPorts;
  readonly #statesNow: () => SavedStates;
  #changed = false;
  #lastSavedMs = Number.NEGATIVE_INFINITY;
  #saving: Promise<void> | undefined;
  #lastNotes = '';

  constructor(ports: StateSaverPorts, statesNow: () => SavedStates) {
    this.#ports = ports;
    this.#statesNow = statesNow;
  }

  /** Waits until the API server answers, because a start without the saved state would lose holds and streaks. */
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

  /**
   * The states that another process has saved: none if it cannot be read in time, undefined if this process saved
   * last.
   */
  async loadOnce(signal: AbortSignal): Promise<SavedStates | undefined> {
    const deadline = deadlineAfter(LOADING_TIMEOUT_MS, this.#ports.clock, TOO_SLOW, signal);
    try {
      const { states, notes, isOwn } = await this.#ports.state.load(deadline.signal);
      this.#report(notes);
      return isOwn ? undefined : states;
    } catch (error) {
      signal.throwIfAborted();
      if (!deadline.signal.aborted) throw error;
      return new Map();
    } finally {
      await deadline.end();
    }
  }

  /** Called when a part of the state may have changed. */
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

  /** Saves at the end of the process. If the time is too short, it logs that instead of throwing. */
  async saveAtLast(signal: AbortSignal): Promise<void> {
    try {
      await this.#save(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      const message =
        'the API server did not accept the state in time; the next process starts with the state saved before';
      this.#report([{ reason: 'StateNotSaved', message }]);
    }
  }

  async #save(signal: AbortSignal): Promise<void> {
    this.#changed = false;
    this.#lastSavedMs = this.#ports.clock.monotonicNow();
    const notes = await this.#ports.state.save(this.#statesNow(), signal, this.#ports.isLeader);
    if (notes.some(({ reason }) => reason === 'StateNotSaved')) this.#changed = true;
    this.#report(notes);
  }

  /** Logs a problem that goes on once, not every five seconds. */
  #report(notes: readonly StateNote[]): void {
    const text = notes.map(({ reason, message }) => `${reason} ${message}`).join('\n');
    if (text !== this.#lastNotes)
      for (const { reason, message } of notes) this.#ports.log.warn(reason, message);
    this.#lastNotes = text;
  }
}

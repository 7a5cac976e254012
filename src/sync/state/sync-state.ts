import type { NameMemory } from '../../endpoint/name-memory.ts';
import type { CheckId, Health } from '../../health/health.ts';
import { keyOf } from '../../target/target.ts';
import type { Decision } from '../decide.ts';

/** What must outlive a process so that the next one decides as this one would have. Times are monotonic ms. */
export interface SyncState {
  /** By target key: what its names stood for. */
  readonly names: ReadonlyMap<string, NameMemory>;
  readonly health: ReadonlyMap<CheckId, Health>;
  /** Since when drains are held back because this worker may be blind; undefined when they are not. */
  readonly suspectSinceMs?: number | undefined;
}

export const EMPTY_STATE: SyncState = { names: new Map(), health: new Map() };

export interface StateNote {
  readonly reason:
    | 'StateUnreadable'
    | 'StateForbidden'
    | 'StateUnreachable'
    | 'StateNotSaved'
    | 'StateTooLarge';
  readonly message: string;
}

/** Where the state is kept between processes. Trouble with it is told and never stops a pass. */
export interface StateStore {
  load(signal: AbortSignal): Promise<LoadedState>;
  /**
   * Writes only what differs from what was loaded or saved last. Where somebody else has written meanwhile,
   * `mayOverwrite` is asked: a deposed leader may not.
   */
  save(state: SyncState, signal: AbortSignal, mayOverwrite?: () => boolean): Promise<readonly StateNote[]>;
}

export interface LoadedState {
  /**
   * `missing` and `unreadable` start afresh, without draining anything. `unusable`: there is no place to keep
   * state at all, so that the next process will know nothing of this one either. `unreachable`: nobody knows, the
   * API server did not answer.
   */
  readonly kind: 'found' | 'missing' | 'unreadable' | 'unusable' | 'unreachable';
  readonly state: SyncState;
  readonly notes: readonly StateNote[];
}

/** What to remember after a decision: only what its targets still need. */
export function nextState(decision: Decision, health: ReadonlyMap<CheckId, Health>): SyncState {
  return {
    names: new Map(
      decision.targets
        .filter(({ memory }) => memory.size > 0)
        .map(({ target, memory }) => [keyOf(target), memory]),
    ),
    health,
    suspectSinceMs: decision.guard.suspectSinceMs,
  };
}

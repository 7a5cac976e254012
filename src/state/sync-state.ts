import type { NameMemory } from '../endpoint/name-memory.ts';
import type { Sources } from '../endpoint/recovery.ts';
import type { CheckId, Health } from '../health/health.ts';
import { keyOf, type Target } from '../model/target.ts';

/** What must outlive a process so that the next one decides as this one would have. Times are monotonic ms. */
export interface SyncState {
  /** By target key: what its names stood for. */
  readonly names: ReadonlyMap<string, NameMemory>;
  /** By target key: where what it has published may have come from. */
  readonly sources: ReadonlyMap<string, Sources>;
  readonly health: ReadonlyMap<CheckId, Health>;
  /** Since when drains are held back because this worker may be blind; undefined when they are not. */
  readonly suspectSinceMs?: number | undefined;
}

export const EMPTY_STATE: SyncState = { names: new Map(), sources: new Map(), health: new Map() };

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
  /** This process has saved it, and nobody has since. */
  readonly isOwn?: boolean;
  readonly state: SyncState;
  readonly notes: readonly StateNote[];
}

/** What is known of one target, to be remembered. */
export interface KnownTarget {
  readonly target: Target;
  readonly memory: NameMemory;
  readonly sources: Sources;
}

/** What to remember after a decision: only what its targets still need. */
export function nextState(
  decision: { readonly targets: readonly KnownTarget[]; readonly guard: Pick<SyncState, 'suspectSinceMs'> },
  health: ReadonlyMap<CheckId, Health>,
): SyncState {
  return {
    ...targetState(decision.targets),
    health,
    suspectSinceMs: decision.guard.suspectSinceMs,
  };
}

/** What to remember of targets: of those without names there is nothing that the list and the cluster do not tell. */
export function targetState(targets: readonly KnownTarget[]): Pick<SyncState, 'names' | 'sources'> {
  const named = targets.filter(({ memory }) => memory.size > 0);
  return {
    names: new Map(named.map(({ target, memory }) => [keyOf(target), memory])),
    sources: new Map(named.map(({ target, sources }) => [keyOf(target), sources])),
  };
}

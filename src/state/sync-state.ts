import type { NameMemory } from '../endpoint/name-memory.ts';
import type { Sources } from '../endpoint/recovery.ts';
import type { CheckId, Health } from '../health/health.ts';
import { keyOf, type Target } from '../model/target.ts';

/** What must outlive a process, so that the next process decides the same. Times are monotonic ms. */
export interface SyncState {
  /** By target key: the last answers for its names. */
  readonly names: ReadonlyMap<string, NameMemory>;
  /** By target key: the possible sources of its published addresses. */
  readonly sources: ReadonlyMap<string, Sources>;
  readonly health: ReadonlyMap<CheckId, Health>;
  /** Since when drains are suspended because this worker may have no connectivity; undefined if they are not. */
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

/** The place where the state is kept between processes. Problems with it are reported, and never stop a pass. */
export interface StateStore {
  load(signal: AbortSignal): Promise<LoadedState>;
  /**
   * Writes only if the state differs from what was last loaded or saved. If another process has written meanwhile,
   * `mayOverwrite` decides: a deposed leader must not overwrite.
   */
  save(state: SyncState, signal: AbortSignal, mayOverwrite?: () => boolean): Promise<readonly StateNote[]>;
}

export interface LoadedState {
  /**
   * `missing` and `unreadable`: start with empty state, and drain nothing because of that. `unusable`: state cannot
   * be kept at all, so the next process will know nothing either. `unreachable`: the API server did not answer.
   */
  readonly kind: 'found' | 'missing' | 'unreadable' | 'unusable' | 'unreachable';
  /** This process saved it, and no other process has since. */
  readonly isOwn?: boolean;
  readonly state: SyncState;
  readonly notes: readonly StateNote[];
}

/** The part of the state that belongs to one target. */
export interface KnownTarget {
  readonly target: Target;
  readonly memory: NameMemory;
  readonly sources: Sources;
}

/** The state of the targets. A target without names needs none: the list and the cluster have all. */
export function targetState(targets: readonly KnownTarget[]): Pick<SyncState, 'names' | 'sources'> {
  const named = targets.filter(({ memory }) => memory.size > 0);
  return {
    names: new Map(named.map(({ target, memory }) => [keyOf(target), memory])),
    sources: new Map(named.map(({ target, sources }) => [keyOf(target), sources])),
  };
}

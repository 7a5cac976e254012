import type { NameMemory } from '../endpoint/name-memory.ts';
import type { Sources } from '../endpoint/recovery.ts';
import type { CheckId, Health } from '../health/health.ts';
import { keyOf, type Target } from '../model/target.ts';

/** Which list a state belongs to: its name, or what was given on the command line where it has none. */
export type ListId = string;

/** What must outlive a process, so that the next process decides the same: of one list. Times are monotonic ms. */
export interface SyncState {
  /** By target key: the last answers for its names. */
  readonly names: ReadonlyMap<string, NameMemory>;
  /** By target key: the possible sources of its published addresses. */
  readonly sources: ReadonlyMap<string, Sources>;
  readonly health: ReadonlyMap<CheckId, Health>;
  /** Since when drains are suspended because this worker may have no connectivity; undefined if they are not. */
  readonly suspectSinceMs?: number | undefined;
  /** By target key: when its Service was deleted because the target left the list. */
  readonly deletedAtMs: ReadonlyMap<string, number>;
}

export type SavedStates = ReadonlyMap<ListId, SyncState>;

/** The states of several lists, for a process that has all of them. */
export function unionOf(states: readonly SyncState[]): SyncState {
  const suspectSinceMs = states.flatMap((state) => state.suspectSinceMs ?? []);
  return {
    names: new Map(states.flatMap(({ names }) => [...names])),
    sources: new Map(states.flatMap(({ sources }) => [...sources])),
    health: new Map(states.flatMap(({ health }) => [...health])),
    deletedAtMs: new Map(states.flatMap(({ deletedAtMs }) => [...deletedAtMs])),
    suspectSinceMs: suspectSinceMs.length === 0 ? undefined : Math.min(...suspectSinceMs),
  };
}

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
   * Saves the states of these lists, and carries those of others over. Writes only if something differs from what was
   * last loaded or saved. If another process has written meanwhile, `mayOverwrite` decides: a deposed leader must not
   * overwrite.
   */
  save(states: SavedStates, signal: AbortSignal, mayOverwrite?: () => boolean): Promise<readonly StateNote[]>;
  /** Removes what is known of these targets' names, whichever list they belong to. */
  forget(targets: ReadonlySet<string>, signal: AbortSignal): Promise<readonly StateNote[]>;
}

export interface LoadedState {
  /**
   * `missing` and `unreadable`: start with empty state, and drain nothing because of that. `unusable`: state cannot
   * be kept at all, so the next process will know nothing either. `unreachable`: the API server did not answer.
   */
  readonly kind: 'found' | 'missing' | 'unreadable' | 'unusable' | 'unreachable';
  /** This process saved last, or nothing that it had saved has changed since. */
  readonly isOwn?: boolean;
  readonly states: SavedStates;
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

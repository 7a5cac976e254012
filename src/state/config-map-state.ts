import type { ApiFailureReason, ApiResult, ObjectStore } from '../cluster/object-store.ts';
import type { KubeObject } from '../manifest/kube-object.ts';
import { ownershipLabels } from '../manifest/labels.ts';
import { type Clock, type Instant, instantOf } from '../time/clock.ts';
import { decodeState, encodeState, formatStored, parseStored, type StoredState } from './state-codec.ts';
import type { ListId, LoadedState, SavedStates, StateNote, StateStore, SyncState } from './sync-state.ts';

/** The limit of a ConfigMap without its keys and metadata (`core/validation`: 1 MiB). */
const MAX_BYTES = 1_000_000;

/** A list that was not used for so long is forgotten. A list in use writes its state once a day at least. */
const FORGOTTEN_AFTER_S = 30 * 86_400;
const REFRESHED_AFTER_S = 86_400;

/** Tries of one save while other processes write too. */
const ATTEMPTS = 5;

/** Compresses text. State repeats itself: 5,000 checks are 1.3 MB of JSON and 60 KB of gzip. */
export interface Compressor {
  compress(text: string): Promise<string>;
  /** Rejects if `text` was not made by `compress`. */
  decompress(text: string): Promise<string>;
}

interface StateConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

type Version = Pick<KubeObject['metadata'], 'resourceVersion' | 'uid'>;

/** No object has this version: an apply with it creates an object, and never changes one. */
const OF_NO_OBJECT: Version = { resourceVersion: '1' };

function versionOf({ metadata: { resourceVersion, uid } }: KubeObject): Version {
  if (resourceVersion === undefined || uid === undefined) throw new Error('what is stored has a version');
  return { resourceVersion, uid };
}

/** The ConfigMap as it was read or written last. */
interface Stored {
  readonly version: Version;
  readonly lists: ReadonlyMap<ListId, StoredState>;
}

const NOTHING_STORED: Stored = { version: OF_NO_OBJECT, lists: new Map() };

type ReadResult =
  | { readonly ok: true; readonly stored: Stored; readonly problem?: string }
  | { readonly ok: false; readonly reason: ApiFailureReason; readonly message: string };

/** The states of all lists in one ConfigMap, `external-endpoints-state-INSTANCE`, under one key. */
export class ConfigMapState implements StateStore {
  readonly #store: ObjectStore;
  readonly #compressor: Compressor;
  readonly #clock: Clock;
  readonly #place: { readonly namespace: string; readonly instance: string };
  #stored = NOTHING_STORED;
  /** What this process saved last, by list, as text. */
  #own: ReadonlyMap<ListId, string> | undefined;

  constructor(
    store: ObjectStore,
    compressor: Compressor,
    clock: Clock,
    place: { readonly namespace: string; readonly instance: string },
  ) {
    this.#store = store;
    this.#compressor = compressor;
    this.#clock = clock;
    this.#place = place;
  }

  async load(signal: AbortSignal): Promise<LoadedState> {
    const read = await this.#read(signal);
    if (!read.ok) return this.#unavailable(read.reason, read.message);
    this.#stored = read.stored;
    if (read.problem !== undefined) return this.#unreadable(read.problem);
    if (read.stored === NOTHING_STORED) return { kind: 'missing', states: new Map(), notes: [] };
    const states = new Map<ListId, SyncState>();
    const notes: StateNote[] = [];
    for (const [list, { state }] of read.stored.lists) {
      const decoded = decodeState(state, instantOf(this.#clock));
      if (decoded.ok) states.set(list, decoded.state);
      else notes.push(this.#unreadableNote(`list "${list}": ${decoded.message}`));
    }
    return { kind: 'found', isOwn: this.#isOwn(read.stored), states, notes };
  }

  async save(
    states: SavedStates,
    signal: AbortSignal,
    mayOverwrite: () => boolean = () => true,
  ): Promise<readonly StateNote[]> {
    const now = instantOf(this.#clock);
    const own = new Map([...states].map(([list, state]) => [list, encodeState(state, now)] as const));
    const notes = await this.#write(
      ({ lists }) => ({ lists: merged(lists, own, now), own: new Set(own.keys()) }),
      signal,
      mayOverwrite,
    );
    this.#own =
      notes.length === 0 ? new Map([...own].map(([list, each]) => [list, JSON.stringify(each)])) : undefined;
    return notes;
  }

  async forget(targets: ReadonlySet<string>, signal: AbortSignal): Promise<readonly StateNote[]> {
    const loaded = await this.load(signal);
    if (loaded.kind !== 'found') return loaded.notes;
    return this.#write(
      ({ lists }) => ({
        lists: new Map([...lists].map(([list, each]) => [list, without(targets, each)])),
        own: new Set(),
      }),
      signal,
      () => true,
    );
  }

  /**
   * Each write carries the resourceVersion of the last read or write, so a late write changes nothing that was saved
   * since. A process that may overwrite reads the states again, changes them again, and writes again.
   */
  async #write(
    change: (stored: Stored) => Change,
    signal: AbortSignal,
    mayOverwrite: () => boolean,
  ): Promise<readonly StateNote[]> {
    for (let attempt = 1; ; attempt++) {
      const { lists, own } = change(this.#stored);
      if (formatStored(lists) === formatStored(this.#stored.lists) && this.#exists) return [];
      const fitting = await this.#fitting(lists, own);
      if (!fitting.ok) return [{ reason: 'StateTooLarge', message: fitting.message }];
      const result = await this.#apply(fitting.squeezed, signal);
      if (result.ok) {
        this.#stored = { version: versionOf(result.value), lists: fitting.lists };
        return [];
      }
      const { reason, message } = result.failure;
      if (reason !== 'Conflict' || !mayOverwrite() || attempt === ATTEMPTS)
        return this.#notSaved(reason, message);
      const read = await this.#read(signal);
      if (!read.ok) return this.#notSaved(read.reason, read.message);
      // The read may have taken long, and another process may lead by now.
      if (!mayOverwrite()) return this.#notSaved(reason, message);
      this.#stored = read.stored;
    }
  }

  get #exists(): boolean {
    return this.#stored.version !== OF_NO_OBJECT;
  }

  /** Where all states are too large for a ConfigMap, those of other lists go, the oldest first. */
  async #fitting(lists: ReadonlyMap<ListId, StoredState>, own: ReadonlySet<ListId>): Promise<Fitting> {
    const others = [...lists]
      .filter(([list]) => !own.has(list))
      .sort(([, a], [, b]) => a.savedAt - b.savedAt)
      .map(([list]) => list);
    const kept = new Map(lists);
    for (;;) {
      const squeezed = await this.#compressor.compress(formatStored(kept));
      if (squeezed.length <= MAX_BYTES) return { ok: true, lists: kept, squeezed };
      const oldest = others.shift();
      if (oldest === undefined) {
        const message = `the state is ${squeezed.length} bytes and a ConfigMap takes ${MAX_BYTES}; use several instances`;
        return { ok: false, message };
      }
      kept.delete(oldest);
    }
  }

  #apply(squeezed: string, signal: AbortSignal): Promise<ApiResult<KubeObject>> {
    const { namespace, name } = this.#reference();
    const labels = ownershipLabels(this.#place.instance);
    const body: StateConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace, name, ...this.#stored.version, labels },
      data: { state: squeezed },
    };
    return this.#store.apply(body, { force: true, dryRun: false }, signal);
  }

  async #read(signal: AbortSignal): Promise<ReadResult> {
    const result = await this.#store.get(this.#reference(), signal);
    if (!result.ok) {
      const { reason, message } = result.failure;
      if (reason === 'NotFound' || reason === 'NamespaceNotFound')
        return { ok: true, stored: NOTHING_STORED };
      return { ok: false, reason, message };
    }
    const version = versionOf(result.value);
    const unreadable = (problem: string): ReadResult => ({
      ok: true,
      stored: { version, lists: new Map() },
      problem,
    });
    const squeezed = (result.value as StateConfigMap).data?.state;
    if (squeezed === undefined) return unreadable('the key "state" is missing');
    try {
      const parsed = parseStored(await this.#compressor.decompress(squeezed));
      return parsed.ok ? { ok: true, stored: { version, lists: parsed.lists } } : unreadable(parsed.message);
    } catch (error) {
      return unreadable((error as Error).message);
    }
  }

  #isOwn({ lists }: Stored): boolean {
    if (this.#own === undefined) return false;
    return [...this.#own].every(([list, text]) => JSON.stringify(lists.get(list)?.state) === text);
  }

  #notSaved(reason: ApiFailureReason, message: string): readonly StateNote[] {
    return [{ reason: 'StateNotSaved', message: `${this.#describe()}: ${reason}: ${message}` }];
  }

  #unavailable(failure: ApiFailureReason, message: string): LoadedState {
    const text = `${this.#describe()} cannot be read, so thresholds and holds start again: ${message}`;
    const states = new Map();
    return failure === 'Forbidden'
      ? { kind: 'unusable', states, notes: [{ reason: 'StateForbidden', message: text }] }
      : { kind: 'unreachable', states, notes: [{ reason: 'StateUnreachable', message: text }] };
  }

  #reference() {
    const { namespace, instance } = this.#place;
    return { kind: 'ConfigMap', namespace, name: `external-endpoints-state-${instance}` } as const;
  }

  #describe(): string {
    const { namespace, name } = this.#reference();
    return `ConfigMap ${namespace}/${name}`;
  }

  #unreadable(message: string): LoadedState {
    return { kind: 'unreadable', states: new Map(), notes: [this.#unreadableNote(message)] };
  }

  #unreadableNote(problem: string): StateNote {
    const message = `${this.#describe()} is ignored and will be replaced; nothing is drained because of that: ${problem}`;
    return { reason: 'StateUnreadable', message };
  }
}

interface Change {
  readonly lists: ReadonlyMap<ListId, StoredState>;
  /** Lists whose states must be saved. */
  readonly own: ReadonlySet<ListId>;
}

type Fitting =
  | { readonly ok: true; readonly lists: ReadonlyMap<ListId, StoredState>; readonly squeezed: string }
  | { readonly ok: false; readonly message: string };

/** The states of other lists are carried over as they are. */
function merged(
  stored: ReadonlyMap<ListId, StoredState>,
  own: ReadonlyMap<ListId, unknown>,
  { wallMs }: Instant,
): ReadonlyMap<ListId, StoredState> {
  const nowS = Math.round(wallMs / 1000);
  const others = [...stored].filter(
    ([list, { savedAt }]) => !own.has(list) && nowS - savedAt < FORGOTTEN_AFTER_S,
  );
  const ours = [...own].map(([list, state]) => {
    const before = stored.get(list);
    const isSame = before !== undefined && JSON.stringify(before.state) === JSON.stringify(state);
    const isFresh = before !== undefined && nowS - before.savedAt < REFRESHED_AFTER_S;
    return [list, { savedAt: isSame && isFresh ? before.savedAt : nowS, state }] as const;
  });
  return new Map<ListId, StoredState>([...others, ...ours]);
}

/** What the names of these targets stood for says nothing any more when they come back to a list one day. */
function without(targets: ReadonlySet<string>, { savedAt, state }: StoredState): StoredState {
  const names = (state as { readonly names?: Readonly<Record<string, unknown>> } | null)?.names;
  if (names === undefined) return { savedAt, state };
  const left = Object.fromEntries(Object.entries(names).filter(([key]) => !targets.has(key)));
  return { savedAt, state: { ...(state as object), names: left } };
}

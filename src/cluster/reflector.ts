import type { KubeObject } from '../manifest/kube-object.ts';
import { type BackOff, backOffAfter, NO_BACK_OFF, SERVER_PAUSES } from '../time/back-off.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { ApiFailure, ListScope, ObjectStore, StoredKind, WatchEvent } from './object-store.ts';

export interface ReflectorPorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** What to watch, and the handlers. If a handler throws, `run` rejects with its error. */
export interface ReflectorSettings {
  readonly kind: StoredKind;
  readonly scope: ListScope;
  /** All objects, at the start and whenever changes may have been missed. An object that is not among them is gone. */
  readonly onReplace: (items: readonly KubeObject[]) => void;
  readonly onUpsert: (object: KubeObject) => void;
  /** The last state of the object. It may still exist and only no longer match the scope. */
  readonly onDelete: (object: KubeObject) => void;
  /** Gets each failure once. The reflector continues after every failure. */
  readonly onTrouble: (failure: ApiFailure) => void;
}

/** An overloaded API server asks clients to wait 1 to 32 seconds (`dropped_requests_tracker.go:27`). */
const LONGEST_ASKED_MS = 60_000;

/** A watch that ends sooner than that without an event is broken. */
const SHORT_WATCH_MS = 1_000;

/** How a watch ended, which decides what comes next. */
type WatchEnd =
  /** The server ended it. The next watch starts where this one ended. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed'; readonly failure: ApiFailure }
  /** Changes may have been missed: list again. */
  | { readonly kind: 'lost'; readonly failure: ApiFailure };

/**
 * Lists the objects of one kind once, then watches them from that version on.
 *
 *          ┌──────────────────────────────────────────┐ 410, silence: changes may be lost
 *          ▼                                          │
 *     list ──▶ onReplace ──▶ watch ──▶ onUpsert, onDelete, bookmarks
 *      │ ▲                    ▲ │
 *      └─┘ back off           └─┘ server ended it: at once; any failure: back off
 */
export class Reflector {
  readonly #ports: ReflectorPorts;
  readonly #settings: ReflectorSettings;
  #backOff: BackOff = NO_BACK_OFF;
  /** The version that the next watch starts from; undefined if a list comes first. */
  #resourceVersion: string | undefined;
  #hasListed = false;

  constructor(ports: ReflectorPorts, settings: ReflectorSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** Whether the objects have been listed once. */
  get synced(): boolean {
    return this.#hasListed;
  }

  /** Resolves when `signal` aborts; rejects when a handler throws. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        if (this.#resourceVersion === undefined) await this.#list(signal);
        else await this.#watchOnce(this.#resourceVersion, signal);
      }
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { kind, scope, onReplace } = this.#settings;
    const listed = await this.#ports.store.list(kind, scope, signal);
    if (!listed.ok) {
      await this.#pauseAfter(listed.failure, signal);
      return;
    }
    this.#resourceVersion = listed.value.resourceVersion;
    this.#hasListed = true;
    onReplace(listed.value.items);
  }

  async #watchOnce(from: string, signal: AbortSignal): Promise<void> {
    const end = await this.#watch(from, signal);
    if (end.kind === 'ended') return;
    if (end.kind === 'lost') this.#resourceVersion = undefined;
    await this.#pauseAfter(end.failure, signal);
  }

  async #watch(from: string, signal: AbortSignal): Promise<WatchEnd> {
    const { store, clock } = this.#ports;
    const { kind, scope } = this.#settings;
    const startedMs = clock.monotonicNow();
    let heard = false;
    for await (const event of store.watch(kind, { ...scope, resourceVersion: from }, signal)) {
      if (event.type === 'FAILED') return endOf(event.failure);
      const end = this.#follow(event);
      if (end !== undefined) return end;
      heard = true;
      this.#backOff = NO_BACK_OFF;
    }
    const isShort = !heard && clock.monotonicNow() - startedMs < SHORT_WATCH_MS;
    if (isShort) return { kind: 'failed', failure: SHORT_WATCH };
    this.#backOff = NO_BACK_OFF;
    return { kind: 'ended' };
  }

  #follow(event: Exclude<WatchEvent, { type: 'FAILED' }>): WatchEnd | undefined {
    const { onUpsert, onDelete } = this.#settings;
    const version = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
    // Resource versions are numbers that grow (KEP-5504). A server with an older version has lost changes.
    if (Number(version) < Number(this.#resourceVersion)) return { kind: 'lost', failure: PAST_LOST };
    this.#resourceVersion = version ?? this.#resourceVersion;
    if (event.type === 'DELETED') onDelete(event.object);
    else if (event.type !== 'BOOKMARK') onUpsert(event.object);
    return undefined;
  }

  async #pauseAfter(failure: ApiFailure, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#ports;
    this.#settings.onTrouble(failure);
    const nowMs = clock.monotonicNow();
    this.#backOff = backOffAfter(this.#backOff, nowMs, random, SERVER_PAUSES);
    const askedMs = Math.min(failure.retryAfterMs ?? 0, LONGEST_ASKED_MS);
    await clock.sleep(Math.max(this.#backOff.untilMs - nowMs, askedMs), signal);
  }
}

/** The connection stayed open without any data for minutes, although a bookmark is due each minute. */
function endOf(failure: ApiFailure): WatchEnd {
  const isSilence = failure.reason === 'Timeout' && failure.httpStatus === 0;
  return { kind: failure.reason === 'Expired' || isSilence ? 'lost' : 'failed', failure };
}

const SHORT_WATCH: ApiFailure = {
  reason: 'ServerError',
  httpStatus: 200,
  message: 'the server ended a watch directly after its start',
  outcomeUnknown: false,
};

const PAST_LOST: ApiFailure = {
  reason: 'Expired',
  httpStatus: 200,
  message: 'the server has an older version than before, as after a restored backup',
  outcomeUnknown: false,
};

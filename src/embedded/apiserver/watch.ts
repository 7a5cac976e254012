import type { Call } from './call.ts';
import { emptyObject } from './decode-object.ts';
import { type Filter, filterOf } from './filter.ts';
import { objectOf } from './json.ts';
import { integerOf, invalidListOptions, parseRevision } from './read.ts';
import { flagOf } from './request.ts';
import { expired } from './status.ts';
import { type Change, type Stored, withRevision } from './store.ts';
import { WatchStream } from './watch-stream.ts';

/** The number of lines that a watcher may lag behind before it is disconnected. */
const STREAM_CAPACITY = 100_000;
const BOOKMARK_INTERVAL_MS = 60_000;
/** A watch without a timeout ends after 30 to 60 minutes (endpoints/handlers/get.go). */
const MIN_TIMEOUT_SECONDS = 1800;

/** Formats the object of an event as JSON: the object itself, or a row of a Table. */
export type Presenter = (stored: Stored) => string;

/** The open watches. */
export class OpenWatches {
  readonly #streams = new Set<WatchStream>();

  add(stream: WatchStream): void {
    this.#streams.add(stream);
    stream.ended.addEventListener('abort', () => this.#streams.delete(stream), { once: true });
  }

  get count(): number {
    return this.#streams.size;
  }

  /** Ends all open watches. Lines sent before still arrive. */
  cutAll(): void {
    for (const stream of [...this.#streams]) stream.end();
  }
}

/**
 * Opens a watch. It sends synthetic ADDED events when it starts from the current state, then every change, until the
 * timeout, `signal` or the end of the reader.
 */
export function watch(call: Call, open: OpenWatches, present: Presenter, signal: AbortSignal): WatchStream {
  const { store } = call.engine;
  const { query } = call.request;
  const filter = filterOf(call);
  const start = startOf(query);
  const stream = new WatchStream(STREAM_CAPACITY);
  const send = (type: string, json: string) => stream.push(`{"type":"${type}","object":${json}}\n`);
  const sendChange = (change: Change) => {
    const event = eventFor(change, call.kind.storage, filter);
    if (event !== undefined) send(event.type, present(event.stored));
  };
  const unsubscribe = store.subscribe((change) => {
    if (change.revision > start.revision) sendChange(change);
  });
  stream.ended.addEventListener('abort', unsubscribe, { once: true });
  open.add(stream);
  if (start.initialEvents) {
    for (const stored of store.list(call.kind.storage, filter.keyPrefix)) {
      if (filter.matches(stored)) send('ADDED', present(stored));
    }
  } else if (start.revision > 0 && start.revision < store.compactedRevision) {
    const message = `too old resource version: ${start.revision} (${store.compactedRevision})`;
    send('ERROR', JSON.stringify(expired(message).status));
    stream.end();
    return stream;
  } else if (start.revision > 0) {
    for (const change of store.changesSince(start.revision)) sendChange(change);
  }
  const bookmarks = flagOf(query, 'allowWatchBookmarks');
  if (start.endOfInitialEvents && bookmarks) send('BOOKMARK', bookmarkJson(call, true));
  if (bookmarks) void sendBookmarks(call, stream.ended, () => send('BOOKMARK', bookmarkJson(call, false)));
  void endInTime(call, stream);
  if (signal.aborted) stream.end();
  else signal.addEventListener('abort', () => stream.end(), { once: true, signal: stream.ended });
  return stream;
}

interface Start {
  /** Only changes after this revision are sent. */
  readonly revision: number;
  readonly initialEvents: boolean;
  /** Whether to send a bookmark after the initial events (KEP-3157). */
  readonly endOfInitialEvents: boolean;
}

function startOf(query: URLSearchParams): Start {
  const revision = parseRevision(query.get('resourceVersion') ?? '');
  const match = query.get('resourceVersionMatch') ?? '';
  if (query.get('sendInitialEvents') === null) {
    if (match !== '') {
      const detail = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
      throw invalidListOptions('resourceVersionMatch', detail);
    }
    return { revision, initialEvents: revision === 0, endOfInitialEvents: false };
  }
  if (match !== 'NotOlderThan') {
    const detail = 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan';
    throw invalidListOptions('resourceVersionMatch', detail);
  }
  const initialEvents = flagOf(query, 'sendInitialEvents');
  return { revision: initialEvents ? 0 : revision, initialEvents, endOfInitialEvents: initialEvents };
}

/** An object that starts or stops matching the selector is sent as ADDED or DELETED. */
function eventFor(
  change: Change,
  resource: string,
  filter: Filter,
): { type: string; stored: Stored } | undefined {
  if (change.resource !== resource || !change.stored.key.startsWith(filter.keyPrefix)) return undefined;
  const matched = change.before !== undefined && filter.matches(change.before);
  if (change.type === 'DELETED') return matched ? { type: 'DELETED', stored: change.stored } : undefined;
  const matches = filter.matches(change.stored);
  if (matches) return { type: matched ? 'MODIFIED' : 'ADDED', stored: change.stored };
  if (!matched || change.before === undefined) return undefined;
  // Send the last matching state, with the version of the change after which it no longer matched.
  const { object, key } = change.before;
  return { type: 'DELETED', stored: withRevision(object, key, change.revision) };
}

function bookmarkJson(call: Call, endOfInitialEvents: boolean): string {
  const annotations = endOfInitialEvents ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const empty = emptyObject(call.kind);
  const resourceVersion = String(call.engine.store.revision);
  return JSON.stringify({
    ...empty,
    metadata: { ...objectOf(empty.metadata), resourceVersion, ...annotations },
  });
}

async function sendBookmarks(call: Call, ended: AbortSignal, send: () => void): Promise<void> {
  while (!ended.aborted) {
    if (!(await slept(call, BOOKMARK_INTERVAL_MS, ended))) return;
    send();
  }
}

async function endInTime(call: Call, stream: WatchStream): Promise<void> {
  const { random } = call.engine;
  const asked = integerOf(call.request.query, 'timeoutSeconds');
  const seconds = asked > 0 ? asked : MIN_TIMEOUT_SECONDS + random.integer(MIN_TIMEOUT_SECONDS);
  if (await slept(call, seconds * 1000, stream.ended)) stream.end();
}

/** Returns true when the time passed, false when the stream ended. */
async function slept(call: Call, durationMs: number, ended: AbortSignal): Promise<boolean> {
  try {
    await call.engine.clock.sleep(durationMs, ended);
    return true;
  } catch (error) {
    if (ended.aborted) return false;
    throw error;
  }
}

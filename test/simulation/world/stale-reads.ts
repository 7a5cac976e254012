import type { CompleteResponse } from '../../../src/embedded/apiserver/request.ts';
import type { Store } from '../../../src/embedded/apiserver/store.ts';
import type { Scheduler } from './scheduler.ts';

/** The kinds that the product decides by. Leases are left out: their clients read them again until they hold them. */
const READ_STALE =
  /^\/api(?:s\/[^/]+)?\/v1\/(?:namespaces\/([^/]+)\/)?(services|endpoints|endpointslices|configmaps)(?:\/([^/?]+))?/;

const OLDEST_MS = 30_000;

/**
 * Reads that an API server answers with old data, although the client asked for the newest: the server is cut off from
 * etcd, or a cache is in between. The protocol does not allow that, and a client cannot notice it.
 */
export class StaleReads {
  /** The age of the oldest answer. */
  longestMs = 0;
  readonly #scheduler: Scheduler;
  readonly #store: Store;
  readonly #versions: { readonly atMs: number; readonly revision: number }[] = [];

  constructor(scheduler: Scheduler, store: Store) {
    this.#scheduler = scheduler;
    this.#store = store;
    store.subscribe(({ revision }) => this.#versions.push({ atMs: scheduler.nowMs, revision }));
  }

  /** The path of the old data, or the answer itself; undefined where no old data is served. */
  served(path: string, ageMs: number): string | CompleteResponse | undefined {
    const match = READ_STALE.exec(path);
    const [, namespace = '', resource = '', name] = match ?? [];
    if (match === null || path.includes('continue=')) return undefined;
    const lateMs = Math.min(ageMs, OLDEST_MS);
    this.longestMs = Math.max(this.longestMs, lateMs);
    const revision = this.#revisionAt(this.#scheduler.nowMs - lateMs);
    if (name === undefined) {
      return `${path}${path.includes('?') ? '&' : '?'}resourceVersion=${revision}&resourceVersionMatch=Exact`;
    }
    const key = `${namespace}/${name}`;
    const found = this.#store.listAt(resource, key, revision).find((stored) => stored.key === key);
    return found === undefined
      ? notFound(name)
      : { kind: 'complete', status: 200, headers: {}, body: found.json };
  }

  /** A compacted revision counts as seen. */
  #revisionAt(timeMs: number): number {
    const seen = this.#versions.findLast(({ atMs }) => atMs <= timeMs)?.revision;
    return Math.max(seen ?? 0, this.#store.compactedRevision);
  }
}

function notFound(name: string): CompleteResponse {
  const message = `"${name}" not found`;
  const status = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'NotFound',
    code: 404,
    message,
  };
  return { kind: 'complete', status: 404, headers: {}, body: JSON.stringify(status) };
}

import type { WatchStream } from './watch-stream.ts';

/** One HTTP request, without a socket. Header names are in lower case; a repeated header is joined. */
export interface ApiRequest {
  readonly method: string;
  /** The path, percent-encoded as on the wire, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  /** The body's text; empty when there is none. */
  readonly body: string;
}

export type ApiResponse = CompleteResponse | WatchResponse | DroppedConnection;

export interface CompleteResponse {
  readonly kind: 'complete';
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Buffer;
}

/** A watch: a line of JSON per event, until the server ends it or `return` is called on the iterator. */
export interface WatchResponse {
  readonly kind: 'watch';
  readonly status: 200;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly lines: WatchStream;
}

/** The connection breaks instead of an answer: a fault. */
export interface DroppedConnection {
  readonly kind: 'dropped';
}

/** A boolean of the query, as apimachinery parses it: `watch`, `watch=1` and `watch=True` are all true. */
export function flagOf(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
}

/** The resource that a path refers to. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  /** Empty for the collection. */
  readonly name: string;
  readonly subresource: string;
}

/** Parses `/api/v1/namespaces/NS/services/NAME` and similar paths; undefined for a path without a resource. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decodeURIComponent);
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') return undefined;
  const group = isCore ? '' : (parts[1] ?? '');
  const version = parts[isCore ? 1 : 2];
  const rest = parts.slice(isCore ? 2 : 3);
  if (version === undefined || rest.length === 0) return undefined;
  const scoped = rest[0] === 'namespaces' && rest.length > 2;
  const [resource = '', name = '', subresource = ''] = scoped ? rest.slice(2) : rest;
  return { group, version, namespace: scoped ? (rest[1] ?? '') : '', resource, name, subresource };
}

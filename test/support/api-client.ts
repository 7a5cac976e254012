import { ApiServer, type ApiServerSettings } from '../../src/embedded/apiserver/api-server.ts';
import { EVERYTHING_ALLOWED } from '../../src/embedded/apiserver/auth.ts';
import type { JsonValue } from '../../src/embedded/apiserver/json.ts';
import type { ObjectMeta } from '../../src/embedded/apiserver/object.ts';
import type { ApiResponse } from '../../src/embedded/apiserver/request.ts';
import type { StatusCause } from '../../src/embedded/apiserver/status.ts';
import { ManualClock } from './manual-clock.ts';
import { seededRandom } from './seeded-random.ts';

/** The fields of an answer that tests read, of any kind; a missing field is undefined. */
export interface Body {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: ObjectMeta & { readonly continue: string; readonly remainingItemCount: number };
  readonly items: readonly Body[];
  readonly spec: Readonly<Record<string, JsonValue>>;
  readonly status: JsonValue;
  readonly data: Readonly<Record<string, string>>;
  readonly subsets: readonly JsonValue[];
  readonly addressType: string;
  readonly endpoints: readonly {
    readonly addresses: readonly string[];
    readonly conditions: { readonly ready: boolean };
  }[];
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly message: string;
  readonly reason: string;
  readonly details: { readonly causes: readonly StatusCause[]; readonly retryAfterSeconds: number };
  readonly rows: readonly { readonly cells: readonly JsonValue[] }[];
  readonly columnDefinitions: readonly { readonly name: string }[] | null;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: Body;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Body;
}

const MEDIA_TYPES = {
  apply: 'application/apply-patch+yaml',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

export const SERVICES = '/api/v1/namespaces/default/services';
export const ENDPOINTS = '/api/v1/namespaces/default/endpoints';
export const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
export const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
export const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events';
export const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';

/** An embedded API server in memory on a stopped clock, with a client. */
export class ApiClient {
  readonly clock: ManualClock;
  readonly server: ApiServer;
  /** Ends every request and controller that is under way. */
  readonly closing = new AbortController();

  constructor(settings: Partial<ApiServerSettings> = {}, clock = new ManualClock()) {
    this.clock = clock;
    const common = { clock, random: seededRandom(1), users: [], anonymousRules: [EVERYTHING_ALLOWED] };
    this.server = new ApiServer({ ...common, ...settings });
  }

  raw(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<ApiResponse> {
    const [bare = '', query = ''] = path.split('?');
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const request = { method, path: bare, query: new URLSearchParams(query), headers, body: text };
    return this.server.handle(request, this.closing.signal);
  }

  /** Sends a request and returns its answer; time moves as far as the answer needs. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const types = { 'content-type': 'application/json', ...headers };
    const response = await this.clock.advanceUntil(this.raw(method, path, body, types));
    if (response.kind !== 'complete') throw new Error(`${method} ${path} got no complete answer`);
    const isJson = String(response.headers['Content-Type']).includes('json');
    const answer = isJson ? JSON.parse(String(response.body)) : response.body;
    return { status: response.status, headers: response.headers, body: answer };
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  post(path: string, body: unknown): Promise<Answer> {
    return this.send('POST', path, body);
  }

  put(path: string, body: unknown): Promise<Answer> {
    return this.send('PUT', path, body);
  }

  delete(path: string, body?: unknown): Promise<Answer> {
    return this.send('DELETE', path, body);
  }

  patch(kind: keyof typeof MEDIA_TYPES, path: string, body: unknown): Promise<Answer> {
    return this.send('PATCH', path, body, { 'content-type': MEDIA_TYPES[kind] });
  }

  /** Server-side apply by `manager`; the path gives kind, version and name of the object. */
  apply(path: string, manager: string, fields: object, more = ''): Promise<Answer> {
    const kinds: Readonly<Record<string, readonly [apiVersion: string, kind: string]>> = {
      services: ['v1', 'Service'],
      endpoints: ['v1', 'Endpoints'],
      configmaps: ['v1', 'ConfigMap'],
      endpointslices: ['discovery.k8s.io/v1', 'EndpointSlice'],
    };
    const [resource = '', name = ''] = path.split('/').slice(-2);
    const [apiVersion, kind] = kinds[resource] ?? [];
    const { metadata, ...rest } = fields as { metadata?: object };
    const body = { apiVersion, kind, metadata: { name, ...metadata }, ...rest };
    return this.patch('apply', `${path}?fieldManager=${manager}${more}`, body);
  }

  /** Opens a watch; its events are collected until it ends. */
  async watch(path: string, headers: Record<string, string> = {}): Promise<Watched> {
    const response = await this.raw('GET', path, undefined, headers);
    if (response.kind !== 'watch') throw new Error(`no watch: ${JSON.stringify(response)}`);
    const events: WatchEvent[] = [];
    const ended = (async () => {
      for await (const line of response.lines) events.push(JSON.parse(line));
    })();
    return { events, ended, stop: () => response.lines.end() };
  }
}

export interface Watched {
  readonly events: readonly WatchEvent[];
  /** Rejects when the connection was dropped. */
  readonly ended: Promise<void>;
  stop(): void;
}

export function slice(name: string, service: string, ...addresses: string[]): object {
  return {
    metadata: { name, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
  };
}

import { ApiServer } from '../../../src/embedded/apiserver/api-server.ts';
import { EVERYTHING_ALLOWED } from '../../../src/embedded/apiserver/auth.ts';
import type { ApiRequest, CompleteResponse, WatchResponse } from '../../../src/embedded/apiserver/request.ts';
import type { Change } from '../../../src/embedded/apiserver/store.ts';
import type { Clock } from '../../../src/time/clock.ts';
import type { Random } from '../../../src/time/random.ts';
import type { ReferenceHealth } from '../checks/reference-health.ts';
import type { SimProcess } from './sim-process.ts';

/** The writer of a change. */
export type Writer =
  | {
      readonly kind: 'worker';
      readonly process: SimProcess;
      /** When the client sent it for the first time. */
      readonly sentMs: number;
      /** The health that it knew when it decided this. */
      readonly knew?: ReferenceHealth;
    }
  | { readonly kind: 'people' }
  /** A controller of Kubernetes. `because`: the last other writer to an object of the same Service. */
  | { readonly kind: 'controller'; readonly name: string; readonly because: Writer | undefined };

export interface ClusterRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly contentType?: string | undefined;
  readonly body?: string | undefined;
}

export type OnChange = (change: Change, writer: Writer) => void;

const TOKEN = 'simulation';

const SERVICE_CIDRS = ['10.96.0.0/16', 'fd00:96::/112'];

/** The embedded server does not have this kind; API servers since 1.33 do. */
const SERVICE_CIDR_LIST: CompleteResponse = {
  kind: 'complete',
  status: 200,
  headers: {},
  body: JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDRList',
    metadata: { resourceVersion: '1' },
    items: [{ metadata: { name: 'kubernetes' }, spec: { cidrs: SERVICE_CIDRS } }],
  }),
};

/** The embedded API server's core, with the writer of each change. */
export class Cluster {
  readonly core: ApiServer;
  /** The listener is called after every change, before any watch event is sent. */
  readonly #listeners: OnChange[] = [];
  #writer: Writer = { kind: 'people' };
  #underWay = 0;

  constructor(clock: Clock, random: Random) {
    const user = {
      name: 'simulation',
      groups: ['system:masters', 'system:authenticated'],
      token: TOKEN,
      rules: [EVERYTHING_ALLOWED],
    };
    this.core = new ApiServer({
      clock,
      random,
      users: [user],
      serviceCidrs: SERVICE_CIDRS,
    });
    this.core.store.subscribe((change) => {
      for (const listener of this.#listeners) listener(change, this.#writer);
    });
  }

  /** Counts a request under way. Call the result when it has arrived. */
  expect(): () => void {
    this.#underWay += 1;
    return () => {
      this.#underWay -= 1;
    };
  }

  /** Requests that have not reached the server yet, even if their clients no longer wait. */
  get underWay(): number {
    return this.#underWay;
  }

  onChange(listener: OnChange): void {
    this.#listeners.push(listener);
  }

  /** Opens a watch: each event is one line, delivered when it happens. */
  async watch(path: string, signal: AbortSignal): Promise<WatchResponse | CompleteResponse> {
    const response = await this.core.handle(toApiRequest({ method: 'GET', path }), signal);
    if (response.kind === 'dropped') throw new Error('the simulation has faults of its own');
    return response;
  }

  /** Handles a request at once, on behalf of `writer`: a write is done when this returns, and its answer comes later. */
  handle(request: ClusterRequest, writer: Writer, signal: AbortSignal): Promise<CompleteResponse> {
    if (request.path.startsWith('/apis/networking.k8s.io/v1/servicecidrs'))
      return Promise.resolve(SERVICE_CIDR_LIST);
    const before = this.#writer;
    this.#writer = writer;
    try {
      return this.core.handle(toApiRequest(request), signal).then((response) => {
        if (response.kind !== 'complete') throw new Error(`${request.path} is no request with one answer`);
        return response;
      });
    } finally {
      this.#writer = before;
    }
  }
}

function toApiRequest({ method, path, contentType, body }: ClusterRequest): ApiRequest {
  const mark = path.indexOf('?');
  return {
    method,
    path: mark < 0 ? path : path.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : path.slice(mark + 1)),
    headers: {
      authorization: `Bearer ${TOKEN}`,
      accept: 'application/json',
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    },
    body: body ?? '',
  };
}

import { ApiServer } from '../../../src/embedded/apiserver/api-server.ts';
import { EVERYTHING_ALLOWED } from '../../../src/embedded/apiserver/auth.ts';
import type { ApiRequest, CompleteResponse, WatchResponse } from '../../../src/embedded/apiserver/request.ts';
import type { Change } from '../../../src/embedded/apiserver/store.ts';
import type { Clock } from '../../../src/time/clock.ts';
import type { Random } from '../../../src/time/random.ts';
import type { ReferenceHealth } from '../checks/reference-health.ts';
import type { SimProcess } from './sim-process.ts';

/** Who is behind a change. */
export type Writer =
  | {
      readonly kind: 'worker';
      readonly process: SimProcess;
      /** When the client sent it off for the first time. */
      readonly sentMs: number;
      /** What it knew when it decided this. */
      readonly knew?: ReferenceHealth;
    }
  | { readonly kind: 'people' }
  /** One of Kubernetes' own; `because` of whoever changed something of the same Service last. */
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

/** The embedded server has no such kind; API servers since 1.33 do. */
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

/** The embedded API server's core, and who does what to it. */
export class Cluster {
  readonly core: ApiServer;
  /** Told after every change, before anybody else learns of it. */
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

  /** A request is on its way; to be called when it is there. */
  expect(): () => void {
    this.#underWay += 1;
    return () => {
      this.#underWay -= 1;
    };
  }

  /** Requests that have not reached the server yet, whoever still waits for their answers. */
  get underWay(): number {
    return this.#underWay;
  }

  onChange(listener: OnChange): void {
    this.#listeners.push(listener);
  }

  /** Opens a watch: what it says comes line by line, as it happens. */
  async watch(path: string, signal: AbortSignal): Promise<WatchResponse | CompleteResponse> {
    const response = await this.core.handle(toApiRequest({ method: 'GET', path }), signal);
    if (response.kind === 'dropped') throw new Error('the simulation has faults of its own');
    return response;
  }

  /** Does it at once, in the name of `writer`: a write has happened when this returns, its answer comes later. */
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

import type { ObjectStore } from '../../src/cluster/object-store.ts';
import { ALL_CONTROLLERS } from '../../src/embedded/apiserver/controllers/controllers.ts';
import type { GoldenPlace } from './golden-case.ts';
import { type InMemoryClient, InMemoryCluster } from './in-memory-cluster.ts';
import { ManualClock } from './manual-clock.ts';
import { storeWith } from './store-with.ts';

const DEFAULT_CIDRS = ['10.96.0.0/12'];

/** The embedded API server and its controllers, on a clock that moves as fast as it can. */
export class GoldenInMemory implements GoldenPlace {
  readonly namespace = 'default';
  readonly clock = new ManualClock();
  readonly sender: InMemoryClient;
  readonly store: ObjectStore;
  readonly #controllers = new AbortController();

  /** @param tells whether the ranges of the cluster can be read. */
  constructor(serviceCidrs: readonly string[] = DEFAULT_CIDRS, tells = true) {
    const cluster = new InMemoryCluster(this.clock, { serviceCidrs });
    cluster.server.startControllers({ controllers: ALL_CONTROLLERS }, this.#controllers.signal);
    this.sender = cluster.newClient();
    this.store = tells ? tellingServiceCidrs(this.sender.store, serviceCidrs) : this.sender.store;
  }

  get writes(): readonly string[] {
    return this.sender.requests.filter((request) => !request.startsWith('GET '));
  }

  finish<T>(pass: Promise<T>): Promise<T> {
    return this.clock.advanceUntil(pass);
  }

  rest(): Promise<void> {
    return this.clock.advance(1_000);
  }

  stop(): void {
    this.#controllers.abort();
  }
}

function tellingServiceCidrs(store: ObjectStore, cidrs: readonly string[]): ObjectStore {
  const item = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    metadata: { name: 'kubernetes' },
    spec: { cidrs },
  };
  return storeWith(store, {
    list: async (kind, scope, signal) =>
      kind === 'ServiceCIDR'
        ? { ok: true, value: { resourceVersion: '1', items: [item] }, created: false, warnings: [] }
        : store.list(kind, scope, signal),
  });
}

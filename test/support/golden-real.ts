import { KubeConfig } from '@kubernetes/client-node';
import { parse, parseAllDocuments } from 'yaml';
import type { ObjectStore } from '../../src/cluster/object-store.ts';
import { KubeStore } from '../../src/io/kube-store.ts';
import { KubeTransport } from '../../src/io/kube-transport.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import type { Clock } from '../../src/time/clock.ts';
import type { TestCluster } from './cluster.ts';
import type { GoldenPlace, GoldenResult } from './golden-case.ts';
import { mortalStore } from './mortal-store.ts';
import { storeWith } from './store-with.ts';
import { untilStill } from './wait-for.ts';

const NEVER = new AbortController().signal;
const POLL_MS = 100;
/** The controllers have caught up when nothing in the namespace changed for so long. */
const STILL_MS = 700;

/** A namespace of a real cluster, with a clock that runs faster than real time. */
export class GoldenReal implements GoldenPlace {
  readonly namespace: string;
  readonly clock: Clock = quickened(systemClock, 4);
  readonly sender: KubeTransport;
  readonly store: ObjectStore;
  readonly #counting: ReturnType<typeof mortalStore>;

  private constructor(namespace: string, sender: KubeTransport) {
    this.namespace = namespace;
    this.sender = sender;
    this.#counting = mortalStore(withinNamespace(new KubeStore(sender), namespace));
    this.store = this.#counting;
  }

  static async start(cluster: TestCluster): Promise<GoldenReal> {
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfigPath);
    const sender = new KubeTransport({ load: () => config, clock: systemClock, userAgent: 'test' });
    return new GoldenReal(await cluster.createNamespace('golden'), sender);
  }

  get writes(): readonly string[] {
    // The state depends on the duration of probes, which differs each time.
    return this.#counting.writes.filter((write) => !write.includes('ConfigMap'));
  }

  finish<T>(pass: Promise<T>): Promise<T> {
    return pass;
  }

  async rest(): Promise<void> {
    await untilStill('the versions', () => this.#versions(), { stillMs: STILL_MS, everyMs: POLL_MS });
  }

  async stop(): Promise<void> {
    await this.sender.close();
  }

  async #versions(): Promise<string> {
    const namespace = this.namespace;
    const lists = await Promise.all(
      (['Service', 'Endpoints', 'EndpointSlice'] as const).map((kind) =>
        this.store.list(kind, { namespace }, NEVER),
      ),
    );
    return lists
      .flatMap((list) => (list.ok ? list.value.items : []))
      .map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`)
      .join(', ');
  }
}

/** Cases run in parallel in one cluster: none may read the objects of another one. */
function withinNamespace(store: ObjectStore, namespace: string): ObjectStore {
  return storeWith(store, {
    list: (...[kind, scope, signal]: Parameters<ObjectStore['list']>) =>
      store.list(kind, kind === 'ServiceCIDR' ? scope : { namespace, ...scope }, signal),
  });
}

function quickened(clock: Clock, factor: number): Clock {
  return {
    wallNow: () => clock.wallNow(),
    monotonicNow: () => clock.monotonicNow() * factor,
    sleep: (durationMs, signal) => clock.sleep(durationMs / factor, signal),
  };
}

/** The results of a case, without the cluster's own values: addresses, random names, the order of mirrored slices. */
export function comparable(files: GoldenResult['files'], namespace: string): unknown {
  const plain = (text: string) =>
    text
      .replaceAll(namespace, 'default')
      .replaceAll(/\b10\.(9[6-9]|10\d|11[01])\.\d+\.\d+(\/\d+)?/g, 'CLUSTER-IP')
      .replaceAll(/\bfd00:10:96:[0-9a-f:]+(\/\d+)?/g, 'CLUSTER-IP')
      .replaceAll(/\b(db|[a-z]+)-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '$1-RANDOM')
      .replaceAll(/\b3[0-2]\d{3}\b/g, 'NODE-PORT')
      .replaceAll(/\b20\d\d-\d\d-\d\dT[\d:.]+Z/g, 'TIME');
  return {
    plan: (parse(plain(files['plan.yaml'] ?? '')) as readonly PlannedTarget[]).map(withChangesSorted),
    result: parse(plain(files['result.yaml'] ?? '')),
    objects: parseAllDocuments(plain(files['objects.yaml'] ?? ''))
      .map((document) => withoutOrder(document.toJS() as GoldenObject))
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
  };
}

interface PlannedTarget {
  readonly actions: readonly { readonly changes?: readonly { readonly path: string }[] }[];
}

/** The order of fields differs from server to server. */
function withChangesSorted(target: PlannedTarget): PlannedTarget {
  const sorted = target.actions.map(({ changes, ...action }) => ({
    ...action,
    ...(changes === undefined ? {} : { changes: changes.toSorted((a, b) => (a.path < b.path ? -1 : 1)) }),
  }));
  return { ...target, actions: sorted };
}

interface GoldenObject {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly endpoints?: readonly { readonly addresses: readonly string[] }[];
}

function keyOf({ kind, metadata, ...rest }: GoldenObject): string {
  return `${kind} ${metadata.name} ${JSON.stringify(rest)}`;
}

function withoutOrder(object: GoldenObject): GoldenObject {
  const { metadata } = object;
  const manager = metadata.labels?.['endpointslice.kubernetes.io/managed-by'];
  const endpoints = object.endpoints?.toSorted((a, b) =>
    String(a.addresses[0]) < String(b.addresses[0]) ? -1 : 1,
  );
  return {
    ...object,
    ...(manager?.startsWith('endpointslicemirroring') && endpoints ? { endpoints } : {}),
  };
}

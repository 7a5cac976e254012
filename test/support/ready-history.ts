import type { ObjectStore, StoredKind } from '../../src/cluster/object-store.ts';
import type { EndpointSliceObject, KubeObject, ServiceObject } from '../../src/manifest/kube-object.ts';
import { HEADLESS_LABEL, SERVICE_NAME_LABEL } from '../../src/manifest/labels.ts';
import { waitFor } from './wait-for.ts';

/** One change of a Service or a slice, at its place in the one order that the API server gives all changes. */
interface ClusterEvent {
  readonly revision: number;
  readonly object: KubeObject;
  readonly deleted: boolean;
}

/** What a kube-proxy would have programmed at one moment. */
export interface Moment {
  readonly revision: number;
  /** The change that led to it, for messages. */
  readonly event: string;
  /** By port name of the Service: the `ADDRESS:PORT`s that take traffic. Undefined while there is no such Service. */
  readonly ready: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  /** Endpoints that slices disagree about: kube-proxy picks one of the two at random. */
  readonly contradictions: readonly string[];
  readonly isExternalName: boolean;
}

/**
 * Watches Services and EndpointSlices of a namespace and reconstructs, event by event, the ready endpoints that a
 * kube-proxy would use: all slices that name the Service, merged as `endpointslicecache.go` and `topology.go` do.
 */
export class ReadyHistory {
  readonly #events: ClusterEvent[] = [];
  readonly #ending = new AbortController();
  readonly #running: Promise<void>[] = [];
  readonly #store: ObjectStore;
  readonly #namespace: string;

  private constructor(store: ObjectStore, namespace: string) {
    this.#store = store;
    this.#namespace = namespace;
  }

  static async start(store: ObjectStore, namespace: string): Promise<ReadyHistory> {
    const history = new ReadyHistory(store, namespace);
    for (const kind of ['Service', 'EndpointSlice'] as const) await history.#follow(kind);
    return history;
  }

  /** The moments of one Service, with everything that was written before this call. */
  async of(service: string): Promise<Moment[]> {
    await this.#untilShown();
    return momentsOf(this.#events, service);
  }

  async stop(): Promise<void> {
    this.#ending.abort(new Error('the history ends'));
    await Promise.all(this.#running);
  }

  async #follow(kind: StoredKind): Promise<void> {
    const namespace = this.#namespace;
    const { signal } = this.#ending;
    const listed = await this.#store.list(kind, { namespace }, signal);
    if (!listed.ok) throw new Error(listed.failure.message);
    for (const object of listed.value.items) this.#note(object, false);
    const { resourceVersion } = listed.value;
    const run = async () => {
      for await (const event of this.#store.watch(kind, { namespace, resourceVersion }, signal)) {
        if (event.type === 'FAILED') throw new Error(`the watch broke: ${event.failure.message}`);
        if (event.type !== 'BOOKMARK') this.#note(event.object, event.type === 'DELETED');
      }
      throw new Error('the watch ended');
    };
    this.#running.push(
      run().catch((error: unknown) => {
        if (!signal.aborted) throw error;
      }),
    );
  }

  #note(object: KubeObject, deleted: boolean): void {
    this.#events.push({ revision: Number(object.metadata.resourceVersion), object, deleted });
  }

  /** Both watches have come past everything that is written by now: each has seen a write of a moment later. */
  async #untilShown(): Promise<void> {
    const namespace = this.#namespace;
    const store = this.#store;
    const name = 'watch-marker';
    const { signal } = this.#ending;
    const stamp = String(performance.now());
    const metadata = { name, namespace, labels: { stamp } };
    const bodies: KubeObject[] = [
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 1 }] } } as ServiceObject,
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata,
        addressType: 'IPv4',
        endpoints: [],
        ports: [],
      } as EndpointSliceObject,
    ];
    for (const body of bodies) {
      const written = await store.apply(body, { force: true, dryRun: false }, signal);
      if (!written.ok) throw new Error(written.failure.message);
      const isSeen = () =>
        this.#events.some(
          ({ object }) => object.kind === body.kind && object.metadata.labels?.stamp === stamp,
        );
      await waitFor(`the watch of ${body.kind} to show the stamp`, isSeen, { everyMs: 5 });
    }
  }
}

function momentsOf(events: readonly ClusterEvent[], name: string): Moment[] {
  const slices = new Map<string, EndpointSliceObject>();
  let service: ServiceObject | undefined;
  const moments: Moment[] = [];
  for (const { object, deleted, revision } of events.toSorted((a, b) => a.revision - b.revision)) {
    if (object.kind === 'Service') {
      if (object.metadata.name !== name) continue;
      service = deleted ? undefined : (object as ServiceObject);
    } else {
      const slice = object as EndpointSliceObject;
      const isOf = slice.metadata.labels?.[SERVICE_NAME_LABEL] === name;
      if (!isOf && !slices.has(slice.metadata.name)) continue;
      if (deleted || !isOf) slices.delete(slice.metadata.name);
      else slices.set(slice.metadata.name, slice);
    }
    const event = `${deleted ? 'deleted' : 'wrote'} ${object.kind} ${object.metadata.name}`;
    moments.push({ revision, event, ...momentOf(service, [...slices.values()]) });
  }
  return moments;
}

function momentOf(service: ServiceObject | undefined, slices: readonly EndpointSliceObject[]) {
  const isExternalName = service?.spec.type === 'ExternalName';
  if (service === undefined || isExternalName)
    return { ready: undefined, contradictions: [], isExternalName };
  const families = service.spec.ipFamilies ?? [];
  const isHeadless = service.spec.clusterIP === 'None';
  // kube-proxy leaves out slices with the headless label, and those of families that the Service has not.
  const used = slices.filter(({ addressType, metadata }) => {
    return families.includes(addressType) && (isHeadless || metadata.labels?.[HEADLESS_LABEL] === undefined);
  });
  const ready = new Map<string, Set<string>>();
  const contradictions = new Set<string>();
  for (const { name: portName = '', protocol = 'TCP' } of service.spec.ports ?? []) {
    const verdicts = new Map<string, boolean>();
    for (const [endpoint, isReady] of endpointsOf(used, portName, protocol)) {
      const other = verdicts.get(endpoint);
      if (other !== undefined && other !== isReady) contradictions.add(`${portName} ${endpoint}`);
      verdicts.set(endpoint, isReady);
    }
    ready.set(
      portName,
      new Set([...verdicts].filter(([, isReady]) => isReady).map(([endpoint]) => endpoint)),
    );
  }
  return { ready, contradictions: [...contradictions], isExternalName };
}

/** Service port and slice port are joined by name and protocol; only an endpoint's first address is used. */
function* endpointsOf(
  slices: readonly EndpointSliceObject[],
  name: string,
  protocol: string,
): Generator<readonly [string, boolean]> {
  for (const slice of slices) {
    for (const port of slice.ports ?? []) {
      if ((port.name ?? '') !== name || (port.protocol ?? 'TCP') !== protocol || port.port === undefined)
        continue;
      for (const { addresses, conditions } of slice.endpoints ?? []) {
        yield [`${addresses[0]}:${port.port}`, conditions?.ready ?? true];
      }
    }
  }
}

export interface Allowance {
  /** Addresses that must take traffic at every moment after the first one at which all of them do. */
  readonly always: readonly string[];
  /** The first moment that counts: the flow begins after it. Default: the first. */
  readonly from?: number;
  /** The names of the Service's ports may change: each present one must lead to the addresses. */
  readonly ports?: number;
}

/** The breaches of all moments; empty if there is none. */
export function gapsIn(moments: readonly Moment[], { always, from = 0 }: Allowance): string[] {
  const gaps: string[] = [];
  for (const { revision, event, ready, contradictions, isExternalName } of moments) {
    if (revision <= from) continue;
    const at = `after ${event} (${revision})`;
    for (const each of contradictions) gaps.push(`${at}: slices disagree about ${each}`);
    if (isExternalName) continue;
    if (ready === undefined) {
      gaps.push(`${at}: there is no Service`);
      continue;
    }
    for (const [port, endpoints] of ready) {
      const addresses = new Set(
        [...endpoints].map((endpoint) => endpoint.slice(0, endpoint.lastIndexOf(':'))),
      );
      const missing = always.filter((address) => !addresses.has(address));
      if (missing.length > 0) gaps.push(`${at}: port "${port}" has lost ${missing.slice(0, 5).join(', ')}`);
    }
  }
  return gaps;
}

/** The last revision so far: later ones belong to the flow. */
export function lastRevision(moments: readonly Moment[]): number {
  return moments.at(-1)?.revision ?? 0;
}

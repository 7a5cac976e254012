import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';
import type { HandMade, ObjectEdit } from '../scenario/incident.ts';
import type { Cluster } from './cluster.ts';
import type { EventLog } from './event-log.ts';
import {
  contentOf,
  hasSelector,
  MANAGED_BY,
  SERVICE_NAME,
  SKIP_MIRROR,
  SLICE_MANAGED_BY,
  serviceKeyOfSlice,
  specOf,
} from './kube-words.ts';
import type { Scheduler } from './scheduler.ts';

const SERVICES = '/api/v1';
const SLICES = '/apis/discovery.k8s.io/v1';
const STATE = { namespace: 'default', name: 'external-endpoints-state-default' };

/** An address of a documentation range: no host listens there. */
const BOGUS_ADDRESS = '192.0.2.77';
const FOREIGN_ADDRESS = '192.0.2.88';

const TRIES_AGAIN_MS = 500;

/** People with kubectl. An edit of an object that does not exist does nothing. */
export class People {
  readonly #cluster: Cluster;
  readonly #log: EventLog;
  readonly #scheduler: Scheduler;
  /** When a person last edited the lease. */
  editedLeaseMs = Number.NEGATIVE_INFINITY;
  /** Services that were headless before they became an ExternalName: a Service stays headless or not. */
  readonly #headless = new Set<string>();

  constructor(cluster: Cluster, log: EventLog, scheduler: Scheduler) {
    this.#cluster = cluster;
    this.#log = log;
    this.#scheduler = scheduler;
  }

  makeNamespace(name: string): void {
    this.#do('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }

  makeByHand({ key, kind, ports, addresses }: HandMade): void {
    const [namespace = '', name = ''] = key.split('/');
    const metadata = { name, namespace, labels: { app: 'by-hand' } };
    const servicePorts = ports.map(({ targetPort, ...port }) => ({ ...port, targetPort }));
    const spec =
      kind === 'externalName'
        ? { type: 'ExternalName', externalName: 'old.example', ports: servicePorts }
        : { ports: servicePorts };
    this.#do('POST', `${SERVICES}/namespaces/${namespace}/services`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec,
    });
    if (kind === 'service' || kind === 'externalName') return;
    const listed = ports.map(({ name: portName, targetPort, protocol }) => ({
      ...(portName === undefined ? {} : { name: portName }),
      port: targetPort,
      protocol,
    }));
    const subsets = [{ addresses: addresses.map((ip) => ({ ip })), ports: listed }];
    const skip = kind === 'endpointsAndSlice' ? { [SKIP_MIRROR]: 'true' } : {};
    this.#do('POST', `${SERVICES}/namespaces/${namespace}/endpoints`, {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { ...metadata, labels: { ...metadata.labels, ...skip } },
      subsets,
    });
    if (kind === 'endpointsAndSlice') this.#makeSlice(namespace, name, 'by-hand', addresses, listed);
  }

  /** Writes the object, or creates it again; without data, deletes it. */
  keepConfigMap(namespace: string, name: string, data: Readonly<Record<string, string>> | undefined): void {
    const isThere = this.#cluster.core.store.get('configmaps', `${namespace}/${name}`) !== undefined;
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data };
    if (data === undefined) {
      if (isThere) this.#do('DELETE', `${path}/${name}`);
    } else if (isThere) this.#do('PUT', `${path}/${name}`, body);
    else this.#do('POST', path, body);
  }

  edit(key: string, edit: ObjectEdit): void {
    this.#log.tell('people', `${edit} ${key}`);
    this.#log.fault(`people ${edit}`);
    const [namespace = '', name = ''] = key.split('/');
    const service = this.#cluster.core.store.get('services', key)?.object;
    switch (edit) {
      case 'deleteSlices':
        for (const slice of this.#ownSlices(key)) this.#do('DELETE', pathOf(SLICES, 'endpointslices', slice));
        break;
      case 'deleteEndpoints':
        this.#do('DELETE', `${SERVICES}/namespaces/${namespace}/endpoints/${name}`);
        break;
      case 'deleteService':
      case 'recreateService':
      case 'replaceService':
        if (service === undefined) break;
        this.#do('DELETE', pathOf(SERVICES, 'services', service));
        if (edit === 'recreateService') this.#recreate(service, service.metadata.labels);
        if (edit === 'replaceService') this.#recreate(service, { app: 'by-hand' });
        break;
      case 'flipReady':
        this.#editFirstSlice(key, (slice) => flipped(slice));
        break;
      case 'addBogusAddress':
        this.#editFirstSlice(key, (slice) => withBogusAddress(slice));
        break;
      case 'stripLabel':
        if (service?.metadata.labels?.[MANAGED_BY] !== undefined) {
          this.#patch(pathOf(SERVICES, 'services', service), {
            metadata: { labels: { [MANAGED_BY]: null } },
          });
        }
        break;
      case 'addSelector':
        if (service !== undefined && specOf(service).type !== 'ExternalName') {
          this.#patch(pathOf(SERVICES, 'services', service), { spec: { selector: { app: 'pods' } } });
        }
        break;
      case 'makeExternalName':
        if (service !== undefined && !hasSelector(service)) this.#makeExternalName(key, service);
        break;
      case 'addForeignSlice':
        if (service === undefined || hasSelector(service)) break;
        this.#makeSlice(namespace, name, 'foreign', [FOREIGN_ADDRESS], [{ port: 9999, protocol: 'TCP' }]);
        break;
      case 'deleteNamespace':
        this.#do('DELETE', `/api/v1/namespaces/${namespace}`);
        break;
      case 'corruptState':
        this.#patch(`${SERVICES}/namespaces/${STATE.namespace}/configmaps/${STATE.name}`, {
          data: { state: '!' },
        });
        break;
      case 'deleteState':
        this.#do('DELETE', `${SERVICES}/namespaces/${STATE.namespace}/configmaps/${STATE.name}`);
        break;
    }
  }

  editLease(edit: 'delete' | 'clear'): void {
    this.editedLeaseMs = this.#log.nowMs;
    this.#log.tell('people', `${edit} the lease`);
    const path = '/apis/coordination.k8s.io/v1/namespaces/default/leases/external-endpoints-default';
    if (edit === 'delete') this.#do('DELETE', path);
    else this.#patch(path, { spec: { holderIdentity: '' } });
  }

  /** Undoes edits that would keep the product from a Service forever. */
  undo(key: string, edit: ObjectEdit): void {
    const [namespace = '', name = ''] = key.split('/');
    const service = this.#cluster.core.store.get('services', key)?.object;
    if (edit === 'addSelector' && service !== undefined && hasSelector(service)) {
      this.#log.tell('people', `removeSelector ${key}`);
      this.#patch(pathOf(SERVICES, 'services', service), { spec: { selector: null } });
    }
    if (edit === 'makeExternalName' && service !== undefined && specOf(service).type === 'ExternalName') {
      this.#log.tell('people', `make ${key} ClusterIP again`);
      const clusterIP = this.#headless.delete(key) ? 'None' : undefined;
      this.#patch(pathOf(SERVICES, 'services', service), {
        spec: { type: 'ClusterIP', externalName: null, clusterIP },
      });
    }
    if (edit === 'deleteNamespace') this.#remakeNamespace(namespace);
    if (edit === 'addForeignSlice') {
      this.#log.tell('people', `removeForeignSlice ${key}`);
      this.#do('DELETE', `${SLICES}/namespaces/${namespace}/endpointslices/${name}-foreign`);
    }
  }

  /** Waits until the previous one is deleted. */
  #remakeNamespace(name: string): void {
    const before = this.#cluster.core.store.get('namespaces', name)?.object;
    if (before === undefined) {
      this.#log.tell('people', `make namespace ${name} again`);
      this.makeNamespace(name);
    } else if (before.metadata.deletionTimestamp !== undefined) {
      this.#scheduler.in(TRIES_AGAIN_MS, () => this.#remakeNamespace(name));
    }
  }

  #makeExternalName(key: string, service: ApiObject): void {
    if (specOf(service).clusterIP === 'None') this.#headless.add(key);
    this.#patch(pathOf(SERVICES, 'services', service), {
      spec: { type: 'ExternalName', externalName: 'new.example' },
    });
  }

  #recreate(service: ApiObject, labels: ApiObject['metadata']['labels']): void {
    const { name, namespace } = service.metadata;
    const { ports, type, clusterIP } = specOf(service);
    this.#do('POST', `${SERVICES}/namespaces/${namespace}/services`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace, labels },
      spec: { ports, type, ...(clusterIP === 'None' ? { clusterIP } : {}) },
    });
  }

  #makeSlice(
    namespace: string,
    name: string,
    suffix: string,
    addresses: readonly string[],
    ports: readonly object[],
  ): void {
    this.#do('POST', `${SLICES}/namespaces/${namespace}/endpointslices`, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${name}-${suffix}`,
        namespace,
        labels: { [SERVICE_NAME]: name, [SLICE_MANAGED_BY]: 'somebody.example' },
      },
      addressType: 'IPv4',
      endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
      ports,
    });
  }

  #ownSlices(key: string): ApiObject[] {
    const [namespace = ''] = key.split('/');
    return this.#cluster.core.store
      .list('endpointslices', `${namespace}/`)
      .map(({ object }) => object)
      .filter((slice) => serviceKeyOfSlice(slice) === key)
      .filter((slice) => slice.metadata.labels?.[SLICE_MANAGED_BY] === 'external-endpoints');
  }

  #editFirstSlice(key: string, change: (slice: ApiObject) => object): void {
    const [slice] = this.#ownSlices(key);
    if (slice !== undefined) this.#patch(pathOf(SLICES, 'endpointslices', slice), change(slice));
  }

  #patch(path: string, body: object): void {
    this.#send({
      method: 'PATCH',
      path,
      contentType: 'application/merge-patch+json',
      body: JSON.stringify(body),
    });
  }

  #do(method: string, path: string, body?: object): void {
    this.#send({
      method,
      path,
      contentType: 'application/json',
      body: body === undefined ? '' : JSON.stringify(body),
    });
  }

  #send(request: { method: string; path: string; contentType: string; body: string }): void {
    const never = new AbortController().signal;
    // An edit that the server rejects is ignored.
    void this.#cluster.handle(request, { kind: 'people' }, never);
  }
}

function pathOf(root: string, resource: string, { metadata }: ApiObject): string {
  return `${root}/namespaces/${metadata.namespace}/${resource}/${metadata.name}`;
}

function flipped(slice: ApiObject): object {
  const endpoints = contentOf(slice).endpoints ?? [];
  return {
    endpoints: endpoints.map((each) => ({
      ...each,
      conditions: { ...each.conditions, ready: !(each.conditions?.ready ?? true) },
    })),
  };
}

function withBogusAddress(slice: ApiObject): object {
  const { addressType, endpoints } = contentOf(slice);
  if (addressType !== 'IPv4') return {};
  return { endpoints: [...(endpoints ?? []), { addresses: [BOGUS_ADDRESS], conditions: { ready: true } }] };
}

import type { Random } from '../../src/time/random.ts';

/** One request to an API server; `NAMESPACE` in the path stands for the namespace. */
export interface RandomRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  readonly body: object | undefined;
}

/** Draws requests that get in each other's way: few names, few values, three managers, every kind of write. */
export class RandomRequests {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): RandomRequest {
    const [collection, object] = this.#pick([
      () => ['/api/v1/namespaces/NAMESPACE/services', this.#service()] as const,
      () => ['/apis/discovery.k8s.io/v1/namespaces/NAMESPACE/endpointslices', this.#slice()] as const,
      () => ['/api/v1/namespaces/NAMESPACE/configmaps', this.#configMap()] as const,
      () => ['/api/v1/namespaces/NAMESPACE/endpoints', this.#endpoints()] as const,
    ])();
    const manager = `fieldManager=${this.#pick(['a', 'b', 'c'])}`;
    const path = `${collection}/${object.metadata.name}`;
    const request = (method: string, at: string, contentType: string, body?: object) => ({
      method,
      path: at,
      contentType,
      body,
    });
    const draw = this.#random.integer(100);
    if (draw < 60) {
      const force = this.#chance(50) ? '&force=true' : '';
      return request('PATCH', `${path}?${manager}${force}`, 'application/apply-patch+yaml', object);
    }
    if (draw < 70) return request('PUT', `${path}?${manager}`, 'application/json', object);
    if (draw < 82) {
      const { apiVersion: _version, kind: _kind, metadata, ...rest } = object;
      const { name: _name, ...changes } = metadata;
      const kind = this.#pick(['merge', 'strategic-merge']);
      const body = { metadata: changes, ...rest };
      return request('PATCH', `${path}?${manager}`, `application/${kind}-patch+json`, body);
    }
    if (draw < 90) return request('POST', `${collection}?${manager}`, 'application/json', object);
    return request(draw < 95 ? 'GET' : 'DELETE', path, 'application/json');
  }

  #service() {
    const spec = {
      ...this.#maybe(70, 'ports', () => this.#some([1, 2, 3, 4, 5], 4).map((port) => this.#port(port))),
      ...this.#maybe(30, 'selector', () => this.#map()),
      ...this.#maybe(20, 'type', () => this.#pick(['ClusterIP', 'ExternalName'])),
      ...this.#maybe(15, 'externalName', () => 'a.b'),
      ...this.#maybe(20, 'sessionAffinity', () => this.#pick(['None', 'ClientIP'])),
      ...this.#maybe(20, 'internalTrafficPolicy', () => this.#pick(['Cluster', 'Local'])),
    };
    return { apiVersion: 'v1', kind: 'Service', metadata: this.#metadata('s'), spec };
  }

  #port(port: number) {
    return {
      port,
      ...this.#maybe(90, 'name', () => `p${port}`),
      ...this.#maybe(40, 'targetPort', () => this.#pick<number | string>([1, 2, 'x'])),
      ...this.#maybe(50, 'protocol', () => this.#pick(['TCP', 'UDP'])),
    };
  }

  #slice() {
    const endpoint = () => ({
      addresses: [`10.0.0.${1 + this.#random.integer(4)}`],
      ...this.#maybe(70, 'conditions', () => ({ ready: this.#chance(50) })),
      ...this.#maybe(30, 'zone', () => this.#pick(['a', 'b'])),
    });
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: this.#metadata('l'),
      addressType: 'IPv4',
      ...this.#maybe(80, 'endpoints', () => Array.from({ length: this.#random.integer(4) }, endpoint)),
      ...this.#maybe(70, 'ports', () => this.#some(['a', 'b'], 2).map((name) => ({ name, port: 1 }))),
    };
  }

  #configMap() {
    const metadata = {
      ...this.#metadata('c'),
      ...this.#maybe(20, 'finalizers', () => this.#some(['a.b/c', 'a.b/d', 'a.b/e'], 2)),
    };
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...this.#maybe(80, 'data', () => this.#map()) };
  }

  #endpoints() {
    const subset = () => ({
      addresses: [{ ip: `10.0.0.${1 + this.#random.integer(4)}` }],
      ports: [{ name: 'a', port: 1 + this.#random.integer(2) }],
    });
    return {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: this.#metadata('e'),
      ...this.#maybe(80, 'subsets', () => Array.from({ length: this.#random.integer(3) }, subset)),
    };
  }

  /** A name per kind, so that no controller of a cluster joins in. */
  #metadata(name: string) {
    return {
      name,
      ...this.#maybe(50, 'labels', () => this.#map()),
      ...this.#maybe(30, 'annotations', () => this.#map()),
    };
  }

  #map(): Record<string, string> {
    return Object.fromEntries(
      this.#some(['a', 'b', 'c', 'd'], 3).map((key) => [key, this.#pick(['1', '2'])]),
    );
  }

  #chance(percent: number): boolean {
    return this.#random.integer(100) < percent;
  }

  #maybe<T>(percent: number, field: string, value: () => T): Record<string, T> {
    return this.#chance(percent) ? { [field]: value() } : {};
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.integer(from.length)] as T;
  }

  /** Up to `most` of them, in any order. */
  #some<T>(from: readonly T[], most: number): T[] {
    const left = [...from];
    const count = this.#random.integer(most + 1);
    return Array.from({ length: count }, () => left.splice(this.#random.integer(left.length), 1)[0] as T);
  }
}

import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';
import type { Store } from '../../../src/embedded/apiserver/store.ts';
import { contentOf, hasSelector, SERVICE_NAME, serviceKeyOfSlice, specOf } from '../world/kube-words.ts';

/** A port of the Service, and an address and port that it leads to. */
export interface Route {
  readonly servicePort: number;
  /** The name of the Service port. */
  readonly portName: string;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}

/** The routes that kube-proxy and CoreDNS have for a Service at one moment. */
export interface Traffic {
  /** By {@link routeKey}: routes that take traffic. */
  readonly routes: ReadonlyMap<string, Route>;
  /** Addresses and ports about whose readiness two slices disagree. */
  readonly disputed: ReadonlySet<string>;
}

export const NO_TRAFFIC: Traffic = { routes: new Map(), disputed: new Set() };

/**
 * Joined as kube-proxy joins them (`endpointslicecache.go`): by the service-name label, the port's name and
 * protocol, in the IP families of the Service. Services with a selector and ExternalName Services are not the product's
 * concern, and have no routes here.
 */
export function trafficOf(store: Store, key: string): Traffic {
  const service = store.get('services', key)?.object;
  if (service === undefined || hasSelector(service) || specOf(service).type === 'ExternalName')
    return NO_TRAFFIC;
  const { ports = [], ipFamilies = [] } = specOf(service);
  const served = slicesServing(store, key)
    .filter((slice) => ipFamilies.includes(contentOf(slice).addressType))
    .flatMap(placesIn);
  const routes = new Map<string, Route>();
  const readiness = new Map<string, boolean>();
  const disputed = new Set<string>();
  for (const { address, protocol, name, port, ready } of served) {
    const place = `${address} ${protocol} ${name} ${port}`;
    if ((readiness.get(place) ?? ready) !== ready) disputed.add(place);
    readiness.set(place, ready);
    const joined = ports.find((each) => (each.name ?? '') === name && (each.protocol ?? 'TCP') === protocol);
    if (joined === undefined || !ready) continue;
    const route = { servicePort: joined.port, portName: name, protocol, address, port };
    routes.set(routeKey(route), route);
  }
  return { routes, disputed };
}

/** One address and port in one slice. */
interface Place {
  readonly address: string;
  readonly protocol: string;
  readonly name: string;
  readonly port: number;
  readonly ready: boolean;
}

function placesIn(slice: ApiObject): Place[] {
  const { ports, endpoints } = contentOf(slice);
  return (ports ?? []).flatMap(({ name = '', protocol = 'TCP', port = 0 }) =>
    (endpoints ?? []).map(({ addresses: [address = ''], conditions }) => {
      return { address, protocol, name, port, ready: conditions?.ready ?? true };
    }),
  );
}

export function routeKey({ servicePort, protocol, address, port }: Route): string {
  return `${servicePort}/${protocol} → ${address}:${port}`;
}

function slicesServing(store: Store, key: string): ApiObject[] {
  const [namespace = ''] = key.split('/');
  return store
    .list('endpointslices', `${namespace}/`)
    .map(({ object }) => object)
    .filter(
      (slice) => slice.metadata.labels?.[SERVICE_NAME] !== undefined && serviceKeyOfSlice(slice) === key,
    );
}

import type { Hostname } from './hostname.ts';
import type { AddressFamily, IpAddress } from './ip-address.ts';

/** One declared entry of the list: what shall stand behind one Service. */
export interface Target {
  readonly namespace: string;
  /** The Service's name. */
  readonly name: string;
  readonly ports: readonly TargetPort[];
  readonly endpoints: readonly EndpointSource[];
  readonly dns: DnsSettings;
  readonly healthCheck: HealthCheckSettings;
  readonly publish: PublishSettings;
  readonly service: ServiceSettings;
  /** Take over a Service or Endpoints of this name that is not ours. */
  readonly adopt: boolean;
  /** What becomes of the objects when the target leaves the list. */
  readonly deletionPolicy: 'Delete' | 'Orphan';
  /** Where the list declares it, for messages. */
  readonly declaredAt: SourceLocation;
}

/** A place in a target list. Line and column count from 1. */
export interface SourceLocation {
  /** A file's path or `configmap NAMESPACE/NAME[KEY]`. */
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

export interface TargetPort {
  /** Empty when the target has one port and gave it no name. */
  readonly name: string;
  /** The Service's port. */
  readonly port: number;
  /** The port on the addresses. */
  readonly targetPort: number;
  readonly protocol: Protocol;
  readonly appProtocol?: string;
}

/** Where addresses come from. `priority` 0 is best; a higher number stands by. */
export type EndpointSource = AddressSource | HostSource | SrvSource;

interface SourceTraits {
  readonly zone?: string;
  readonly priority: number;
  readonly declaredAt: SourceLocation;
}

export interface AddressSource extends SourceTraits {
  readonly kind: 'address';
  readonly address: IpAddress;
}

/** A name with A and AAAA records. */
export interface HostSource extends SourceTraits {
  readonly kind: 'host';
  readonly host: Hostname;
}

/** A name with SRV records, `_service._proto.domain`. The records' priority is added to the source's. */
export interface SrvSource extends SourceTraits {
  readonly kind: 'srv';
  readonly srv: Hostname;
}

export interface DnsSettings {
  /** Empty: the servers of the system's resolv.conf. */
  readonly servers: readonly DnsServerAddress[];
  /** Of one try at one server. Absent: resolv.conf's `options timeout` if its servers are used, else 2 s. */
  readonly timeoutMs?: number;
  /** Tries in all, over all servers. Absent: resolv.conf's `options attempts` if its servers are used, else 3. */
  readonly attempts?: number;
  readonly minTtlMs: number;
  readonly maxTtlMs: number;
  /** Read the system's hosts file before asking a server. */
  readonly hosts: boolean;
  readonly hold: HoldSettings;
}

export interface DnsServerAddress {
  readonly address: IpAddress;
  readonly port: number;
}

/** HAProxy's `hold`: how long an address outlives its disappearance, by the kind of answer. */
export interface HoldSettings {
  /** The answer no longer contains the address. */
  readonly obsoleteMs: number;
  /** NXDOMAIN or NODATA. `Infinity` for `forever`. */
  readonly notFoundMs: number;
  /** No usable answer at all. `Infinity` for `forever`. */
  readonly failureMs: number;
}

export interface HealthCheckSettings {
  readonly kind: HealthCheckKind;
  /** `targetPort` numbers of TCP ports of the target; empty: every TCP port. */
  readonly ports: readonly number[];
  readonly intervalMs: number;
  /** Between tries while a verdict is being formed. */
  readonly fastIntervalMs: number;
  readonly timeoutMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /**
   * What one pass does: tries on until it has a verdict, or takes one sample and leaves it to later passes to
   * add theirs.
   */
  readonly oneShot: 'verdict' | 'accumulate';
}

/** What a check does once it has an address and a port. */
export type HealthCheckKind =
  | { readonly type: 'none' }
  /** Connects; with an exchange also talks. */
  | { readonly type: 'tcp'; readonly exchange?: ExchangeSettings }
  | { readonly type: 'tls'; readonly tls: TlsSettings }
  /** Over TLS when `tls` is there. Redirects are an answer like any other and not followed. */
  | { readonly type: 'http'; readonly http: HttpSettings; readonly tls?: TlsSettings };

/** Bytes sent after connecting, then what the answer must hold. At least one of the two is there. */
export interface ExchangeSettings {
  readonly send?: Uint8Array;
  readonly expect?: Expectation;
}

/** What must occur somewhere in what the backend answers. */
export type Expectation =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** A JavaScript regular expression (flag `s`) over the answer read as Latin-1. */
  | { readonly kind: 'pattern'; readonly source: string };

export interface TlsSettings {
  /** SNI and the name that the certificate must be for; default: the host that the address came from. */
  readonly serverName?: string;
  /** PEM file of the authorities to trust instead of the system's. Read again when it changes. */
  readonly caFile?: string;
  /** False: any certificate will do, expired ones included. */
  readonly verify: boolean;
  /** A certificate that ends sooner than this counts as unhealthy; 0 asks for none but a valid one. */
  readonly minValidityMs: number;
}

export interface HttpSettings {
  readonly method: string;
  /** Path and query, as they stand in the request line. */
  readonly path: string;
  /** The Host header; default: the host that the address came from, else the address. */
  readonly host?: string;
  readonly expectedStatuses: readonly StatusRange[];
  readonly body?: Expectation;
}

/** Both ends included. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

export interface PublishSettings {
  readonly resources: readonly PublishedResource[];
  /** How an unhealthy address is shown: kept as `ready: false`, or left out. */
  readonly unhealthy: 'notReady' | 'remove';
  /** Percent healthy under which all are published ready (Envoy's panic mode); 0 is off. */
  readonly panicThresholdPercent: number;
}

export type PublishedResource = 'EndpointSlice' | 'Endpoints';

export interface ServiceSettings {
  /** False: somebody else keeps the Service. */
  readonly create: boolean;
  readonly type: 'ClusterIP' | 'Headless' | 'NodePort' | 'LoadBalancer';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The rest are a Service's own fields, by their names in its `spec`; absent: the API's default. */
  readonly sessionAffinity?: 'None' | 'ClientIP';
  /** `Local` is not offered: endpoints outside the cluster are on no node, so all traffic would be dropped. */
  readonly internalTrafficPolicy?: 'Cluster';
  readonly trafficDistribution?: 'PreferClose' | 'PreferSameZone' | 'PreferSameNode';
  readonly ipFamilies?: readonly AddressFamily[];
  readonly ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
}

/** `namespace/name`: the key of a target everywhere. */
export function keyOf(target: { readonly namespace: string; readonly name: string }): string {
  return `${target.namespace}/${target.name}`;
}

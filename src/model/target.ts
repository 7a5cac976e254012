import type { Hostname } from './hostname.ts';
import type { AddressFamily, IpAddress } from './ip-address.ts';

/** One entry of the list: the endpoints of one Service. */
export interface Target {
  readonly namespace: string;
  /** The Service's name. */
  readonly name: string;
  /** The name of the list that declares it; absent: that list has no name. */
  readonly list?: string;
  readonly ports: readonly TargetPort[];
  readonly endpoints: readonly EndpointSource[];
  readonly dns: DnsSettings;
  readonly healthCheck: HealthCheckSettings;
  readonly publish: PublishSettings;
  readonly service: ServiceSettings;
  /** Adopt a Service, Endpoints and slices of this name that are not ours. */
  readonly adopt: boolean;
  /** What happens to the objects when the target leaves the list. */
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
  /** Empty: the target has one port, without a name. */
  readonly name: string;
  /** The Service's port. */
  readonly port: number;
  /** The port on the addresses. */
  readonly targetPort: number;
  readonly protocol: Protocol;
  readonly appProtocol?: string;
}

/** Where addresses come from. `priority` 0 is best; a higher number is a standby. */
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
  /** Empty: the servers in the system's resolv.conf. */
  readonly servers: readonly DnsServerAddress[];
  /** For one try at one server. Absent: resolv.conf's `options timeout` if its servers are used, else 2 s. */
  readonly timeoutMs?: number;
  /** Tries in total, over all servers. Absent: resolv.conf's `options attempts` if its servers are used, else 3. */
  readonly attempts?: number;
  readonly minTtlMs: number;
  readonly maxTtlMs: number;
  /** Look the name up in the system's hosts file first. */
  readonly hosts: boolean;
  readonly hold: HoldSettings;
}

export interface DnsServerAddress {
  readonly address: IpAddress;
  readonly port: number;
}

/** HAProxy's `hold`: how long an address stays after it is missing, by the kind of answer. */
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
  /** The interval while a verdict is not final. */
  readonly fastIntervalMs: number;
  readonly timeoutMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** In one pass: probe until there is a verdict, or take one sample that later passes add to. */
  readonly oneShot: 'verdict' | 'accumulate';
}

/** What a check does with an address and a port. */
export type HealthCheckKind =
  | { readonly type: 'none' }
  /** Connects; with an exchange, also sends and reads. */
  | { readonly type: 'tcp'; readonly exchange?: ExchangeSettings }
  | { readonly type: 'tls'; readonly tls: TlsSettings }
  /** Over TLS if `tls` is present. A redirect is an answer like any other; it is not followed. */
  | { readonly type: 'http'; readonly http: HttpSettings; readonly tls?: TlsSettings };

/** Bytes to send after connecting, and what the answer must contain. At least one of the two is present. */
export interface ExchangeSettings {
  readonly send?: Uint8Array;
  readonly expect?: Expectation;
}

/** What must occur somewhere in the backend's answer. */
export type Expectation =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** A JavaScript regular expression (flag `s`) on the answer as Latin-1. */
  | { readonly kind: 'pattern'; readonly source: string };

export interface TlsSettings {
  /** The name for SNI and for the certificate; default: the host that the address came from. */
  readonly serverName?: string;
  /** PEM file of the authorities to trust, instead of the system's. It is read again when it changes. */
  readonly caFile?: string;
  /** False: every certificate is accepted, even an expired one. */
  readonly verify: boolean;
  /** An address is unhealthy if its certificate expires sooner than this; 0: the certificate must only be valid now. */
  readonly minValidityMs: number;
}

export interface HttpSettings {
  readonly method: string;
  /** Path and query, as in the request line. */
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
  /** How an unhealthy address is published: as `ready: false`, or not at all. */
  readonly unhealthy: 'notReady' | 'remove';
  /** Below this percentage of healthy addresses all are published ready (Envoy's panic mode); 0: off. */
  readonly panicThresholdPercent: number;
  /** What becomes of the last ready addresses when they fall silent. */
  readonly lastReady: 'keep' | 'drain';
}

export type PublishedResource = 'EndpointSlice' | 'Endpoints';

export interface ServiceSettings {
  /** False: another owner manages the Service. */
  readonly create: boolean;
  readonly type: 'ClusterIP' | 'Headless' | 'NodePort' | 'LoadBalancer';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The following fields have their names in the Service's `spec`; absent: the API's default. */
  readonly sessionAffinity?: 'None' | 'ClientIP';
  /** `Local` is not possible: endpoints outside the cluster are on no node, so kube-proxy would drop all traffic. */
  readonly internalTrafficPolicy?: 'Cluster';
  readonly trafficDistribution?: 'PreferClose' | 'PreferSameZone' | 'PreferSameNode';
  readonly ipFamilies?: readonly AddressFamily[];
  readonly ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
}

/** `namespace/name`: the key of a target. */
export function keyOf(target: { readonly namespace: string; readonly name: string }): string {
  return `${target.namespace}/${target.name}`;
}

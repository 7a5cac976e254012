/** A target of a scenario. Plain data: it can be edited, shrunk, and written as a list. */
export interface TargetSpec {
  readonly name: string;
  readonly namespace: string;
  readonly ports: readonly PortSpec[];
  readonly endpoints: readonly SourceSpec[];
  readonly check: 'tcp' | 'exchange' | 'none';
  readonly checkSeconds: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  readonly obsoleteSeconds: number;
  readonly notFoundSeconds: number;
  readonly resources: readonly ('EndpointSlice' | 'Endpoints')[];
  readonly unhealthy: 'notReady' | 'remove';
  /** Absent: 0, which is off. */
  readonly panicPercent?: number;
  readonly serviceType: 'ClusterIP' | 'Headless';
  readonly create: boolean;
  readonly dualStack: boolean;
  readonly adopt: boolean;
  readonly deletionPolicy: 'Delete' | 'Orphan';
}

export interface PortSpec {
  readonly name?: string;
  readonly port: number;
  readonly targetPort: number;
  readonly protocol: 'TCP' | 'UDP';
}

/** `priority`: a standby takes traffic only while no address of a lower number can; absent is 0. */
export type SourceSpec =
  | { readonly address: string; readonly priority?: number }
  | { readonly host: string; readonly priority?: number }
  | { readonly srv: string };

/** The guards of a list. */
export interface ListGuards {
  readonly maxDrainPercent: number;
  /** Addresses with this prefix are denied: a /16 range. */
  readonly deniedPrefix?: string;
}

/** The content of the list file at one time. */
export interface ListVersion {
  readonly text: string;
  /** Absent: the text is broken, or names no target. */
  readonly targets?: readonly TargetSpec[];
}

/** Names may resolve to such addresses, and some lists deny them. */
export const DENIED_PREFIX = '10.42.';

/** The port of every SRV record; no target has the same port. */
export const SERVICE_PORT = 7000;

/** More endpoints than fit into one slice. */
export const MANY = 100;

export const DNS_SERVERS = ['10.0.0.53', '10.0.1.53'];

/** Shorter than the defaults, so that a pass of a few simulated seconds comes to a verdict. */
const RHYTHM = { fastInterval: '500ms', timeout: '1s' };

/** JSON is YAML. */
export function listOf(targets: readonly TargetSpec[], guards: ListGuards): ListVersion {
  const { maxDrainPercent, deniedPrefix } = guards;
  const text = JSON.stringify({
    apiVersion: 'external-endpoints/v1',
    kind: 'TargetList',
    metadata: { name: 'main' },
    guards: {
      maxDrain: `${maxDrainPercent}%`,
      ...(deniedPrefix === undefined ? {} : { deniedCIDRs: [`${deniedPrefix}0.0/16`] }),
    },
    targets: targets.map(entryOf),
  });
  return targets.length === 0 ? { text } : { text, targets };
}

function entryOf(spec: TargetSpec) {
  const type = spec.check === 'none' ? 'none' : 'tcp';
  const exchange = spec.check === 'exchange' ? { tcp: { send: 'PING\r\n', expect: '+PONG' } } : {};
  const rhythm = { ...RHYTHM, interval: `${spec.checkSeconds}s` };
  const thresholds = {
    healthyThreshold: spec.healthyThreshold,
    unhealthyThreshold: spec.unhealthyThreshold,
  };
  return {
    name: spec.name,
    namespace: spec.namespace,
    ports: spec.ports,
    endpoints: spec.endpoints,
    dns: {
      servers: DNS_SERVERS,
      timeout: '1s',
      attempts: 3,
      minTTL: '1s',
      hold: { obsolete: `${spec.obsoleteSeconds}s`, notFound: `${spec.notFoundSeconds}s` },
    },
    healthCheck: type === 'none' ? { type } : { type, ...rhythm, ...thresholds, ...exchange },
    publish: {
      resources: spec.resources,
      unhealthy: spec.unhealthy,
      ...(spec.panicPercent === undefined ? {} : { panicThreshold: spec.panicPercent }),
    },
    service: {
      create: spec.create,
      ...(spec.create ? { type: spec.serviceType } : {}),
      ...(spec.create && spec.dualStack ? { ipFamilyPolicy: 'PreferDualStack' } : {}),
    },
    adopt: spec.adopt,
    deletionPolicy: spec.deletionPolicy,
  };
}

export function keyOfSpec({ namespace, name }: TargetSpec): string {
  return `${namespace}/${name}`;
}

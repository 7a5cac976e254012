import type { Health } from '../health/health.ts';
import type { IpAddress } from '../model/ip-address.ts';
import type { Protocol } from '../model/target.ts';

/**
 * One address of a target, and how it is to be published. Each policy maps a list of these to a list of these, and gives
 * a reason for what it changes.
 */
export interface Assessment {
  readonly address: IpAddress;
  readonly zone?: string;
  /** 0 is best; an address with a higher number is a standby. */
  readonly priority: number;
  /** SRV weight 0: the address is known and takes no traffic. */
  readonly drained: boolean;
  /** Where the address comes from, for people: `host db.corp.example` or `address`. */
  readonly source: string;
  /** Why the address stays although its name no longer has it; absent: the name has it. */
  readonly held?: HeldBecause;
  /** True: the address is never sent to the API server, and appears only in reports. */
  readonly refused: boolean;
  /** One for each port of the target, in the target's order. */
  readonly ports: readonly PortAssessment[];
}

export interface HeldBecause {
  readonly reason: string;
  readonly message: string;
  /** `monotonicNow` at which the hold ends; Infinity for `forever`. */
  readonly untilMs: number;
}

export interface PortAssessment {
  readonly name: string;
  /** The port on the address. */
  readonly port: number;
  readonly protocol: Protocol;
  readonly appProtocol?: string;
  readonly ready: boolean;
  /** Not published yet: a new address without a verdict. This saves a write that would be changed a second later. */
  readonly withheld?: boolean;
  /** CamelCase: why it is or is not ready. */
  readonly reason: string;
  /** For people; may be empty. */
  readonly message: string;
  /** Absent: the port is not checked, or has no result yet. */
  readonly health?: Health;
}

/** What the Service serves now, by {@link publishedKey} and by {@link namelessKey}; true: ready. */
export type PublishedReadiness = ReadonlyMap<string, boolean>;

/** One port of one address in a slice. The port's name is a part of it: kube-proxy looks ports up by name. */
export function publishedKey(
  address: string,
  port: { name?: string; port?: number; protocol?: string },
): string {
  return `${address} ${port.protocol ?? 'TCP'} ${port.name ?? ''} ${port.port ?? 0}`;
}

/** The same without the port's name: a renamed port is still served. */
export function namelessKey(
  address: string,
  { port = 0, protocol = 'TCP' }: { port?: number; protocol?: string },
) {
  return `${address} ${protocol} * ${port}`;
}

/** Whether the Service serves this port of the address now, and as ready; undefined: it does not serve it. */
export function servedNow(
  address: string,
  port: { name?: string; port?: number; protocol?: string },
  published: PublishedReadiness,
): boolean | undefined {
  return published.get(publishedKey(address, port)) ?? published.get(namelessKey(address, port));
}

/** The address that a {@link publishedKey} or {@link namelessKey} begins with. */
export function addressOfKey(key: string): IpAddress {
  return key.slice(0, key.indexOf(' ')) as IpAddress;
}

/** How many of these addresses are published ready on at least one port; other published addresses do not count. */
export function readyAddressCount(assessments: readonly Assessment[], published: PublishedReadiness): number {
  return assessments.filter(({ address, ports }) =>
    ports.some((port) => servedNow(address, port, published) === true),
  ).length;
}

export function isServing(assessment: Assessment): boolean {
  return assessment.ports.some((port) => port.ready);
}

/** The assessment with a new readiness for each port. */
export function withReadiness(
  assessment: Assessment,
  decide: (port: PortAssessment) => Pick<PortAssessment, 'ready' | 'reason' | 'message'>,
): Assessment {
  return { ...assessment, ports: assessment.ports.map((port) => ({ ...port, ...decide(port) })) };
}

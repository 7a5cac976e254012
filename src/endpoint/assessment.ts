import type { Health } from '../health/health.ts';
import type { IpAddress } from '../model/ip-address.ts';
import type { Protocol } from '../model/target.ts';

/**
 * One address of a target while it is being decided how to publish it. Policies map a list of these to a
 * list of these; what each changes, it says by reason.
 */
export interface Assessment {
  readonly address: IpAddress;
  readonly zone?: string;
  /** 0 is best; a higher number stands by. */
  readonly priority: number;
  /** SRV weight 0: known, but to take no traffic. */
  readonly drained: boolean;
  /** Where the address comes from, for people: `host db.corp.example` or `address`. */
  readonly source: string;
  /** Why the address is still there although its name no longer gives it; absent while it does. */
  readonly held?: HeldBecause;
  /** True for what must never be sent to the API server; told in reports, published nowhere. */
  readonly refused: boolean;
  /** One per port of the target, in the target's order. */
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
  /** Not to be shown at all yet: a new address that has no verdict. Spares a write that would last a second. */
  readonly withheld?: boolean;
  /** CamelCase: why it is or is not ready. */
  readonly reason: string;
  /** The same for people; may be empty. */
  readonly message: string;
  /** What was measured, where something was. */
  readonly health?: Health;
}

/** What the Service serves at this moment, by {@link publishedKey} and by {@link namelessKey}: true is ready. */
export type PublishedReadiness = ReadonlyMap<string, boolean>;

/** One port of one address as it stands in slices: the port's name is part of it, kube-proxy matches by it. */
export function publishedKey(
  address: string,
  port: { name?: string; port?: number; protocol?: string },
): string {
  return `${address} ${port.protocol ?? 'TCP'} ${port.name ?? ''} ${port.port ?? 0}`;
}

/** The same whatever the port is called: a port that gets another name is served all the same. */
export function namelessKey(
  address: string,
  { port = 0, protocol = 'TCP' }: { port?: number; protocol?: string },
) {
  return `${address} ${protocol} * ${port}`;
}

/** The address that a {@link publishedKey} or {@link namelessKey} begins with. */
export function addressOfKey(key: string): IpAddress {
  return key.slice(0, key.indexOf(' ')) as IpAddress;
}

/** How many of these addresses are published ready on at least one port. What others publish beside them is not counted. */
export function readyAddressCount(assessments: readonly Assessment[], published: PublishedReadiness): number {
  return assessments.filter(({ address, ports }) =>
    ports.some((port) => published.get(publishedKey(address, port)) === true),
  ).length;
}

export function isServing(assessment: Assessment): boolean {
  return assessment.ports.some((port) => port.ready);
}

/** The same assessment with every port's readiness decided anew. */
export function withReadiness(
  assessment: Assessment,
  decide: (port: PortAssessment) => Pick<PortAssessment, 'ready' | 'reason' | 'message'>,
): Assessment {
  return { ...assessment, ports: assessment.ports.map((port) => ({ ...port, ...decide(port) })) };
}

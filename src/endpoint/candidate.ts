import { type AddressRefusal, type Guards, refusalOf } from '../model/guards.ts';
import type { IpAddress } from '../model/ip-address.ts';
import type { EndpointSource, HostSource, SrvSource, Target } from '../model/target.ts';
import type { HeldBecause } from './assessment.ts';

/** An address of a name: from its newest answer, or held from an older one. */
export interface KnownAddress {
  readonly address: IpAddress;
  /** From SRV, instead of the target's `targetPort`. */
  readonly port?: number;
  /** From SRV; added to the source's. */
  readonly priority?: number;
  readonly drained?: boolean;
  /** From SRV: the host that the address belongs to. */
  readonly host?: string;
  readonly held?: HeldBecause;
}

/** One address of a target, before its health is known. */
export interface Candidate {
  readonly address: IpAddress;
  readonly zone?: string;
  readonly priority: number;
  readonly drained: boolean;
  readonly source: string;
  readonly held?: HeldBecause;
  readonly port?: number;
  /** The name that a TLS or HTTP check uses. */
  readonly host?: string;
  /** Why it must not be published: the API server or a guard rejects it. */
  readonly refused?: { readonly reason: string; readonly message: string };
}

/** Identifies a source within its target, in state and in messages. */
export function sourceKey(source: EndpointSource): string {
  switch (source.kind) {
    case 'address':
      return 'address';
    case 'host':
      return `host ${source.host}`;
    case 'srv':
      return `srv ${source.srv}`;
  }
}

/** The DNS name of a source that has one. */
export function nameOf(source: HostSource | SrvSource): string {
  return source.kind === 'host' ? source.host : source.srv;
}

/**
 * Every address of a target once (with SRV: every address and port). If several sources have the same address, the best
 * priority wins; with equal priorities, the first source in the list.
 *
 * @param known the addresses of each name, by {@link sourceKey}.
 */
export function candidatesOf(
  target: Target,
  known: ReadonlyMap<string, readonly KnownAddress[]>,
  guards: Guards,
): Candidate[] {
  const best = new Map<string, Candidate>();
  for (const source of target.endpoints) {
    for (const candidate of candidatesFrom(source, known)) {
      const key = `${candidate.address} ${candidate.port ?? ''}`;
      const other = best.get(key);
      if (other !== undefined && rank(other) <= rank(candidate)) continue;
      const refused = refusalOf(candidate.address, guards);
      best.set(
        key,
        refused === undefined ? candidate : { ...candidate, refused: reported(refused, candidate, source) },
      );
    }
  }
  return [...best.values()];
}

/** Adds the place in the list that has the address, or the name whose answer has it. */
function reported({ reason, message }: AddressRefusal, { address }: Candidate, source: EndpointSource) {
  const { source: text, line, column } = source.declaredAt;
  const origin =
    source.kind === 'address'
      ? `${text}:${line}:${column}: ${address}`
      : `${sourceKey(source)}: the answer ${address}`;
  return { reason, message: `${origin} is refused: ${message}` };
}

/** A current address comes before a held one, then one with traffic before a drained one, then the priority decides. */
function rank(candidate: Candidate): number {
  return (
    candidate.priority + (candidate.drained ? 2 ** 20 : 0) + (candidate.held === undefined ? 0 : 2 ** 21)
  );
}

function candidatesFrom(
  source: EndpointSource,
  known: ReadonlyMap<string, readonly KnownAddress[]>,
): Candidate[] {
  const traits = { source: sourceKey(source), ...(source.zone === undefined ? {} : { zone: source.zone }) };
  if (source.kind === 'address') {
    return [{ ...traits, address: source.address, priority: source.priority, drained: false }];
  }
  return (known.get(sourceKey(source)) ?? []).map(({ address, port, priority, drained, host, held }) => ({
    ...traits,
    address,
    priority: source.priority + (priority ?? 0),
    drained: drained ?? false,
    host: host ?? nameOf(source),
    ...(port === undefined ? {} : { port }),
    ...(held === undefined ? {} : { held }),
  }));
}

/** An address that is not published, or takes no traffic, is not checked. */
export function isToBeChecked(candidate: Candidate): boolean {
  return candidate.refused === undefined && !candidate.drained;
}

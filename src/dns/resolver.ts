import type { AddressFamily } from '../model/ip-address.ts';
import type { DnsSettings, HostSource, SrvSource } from '../model/target.ts';
import type { NameResolution } from './resolution.ts';

/** Resolves the addresses of one source. Rejects with `signal.reason` only. */
export interface Resolver {
  resolve(source: NameSource, settings: DnsSettings, signal: AbortSignal): Promise<NameResolution>;
}

/** A resolver that also says how long its answer is fresh. */
export interface TimedResolver extends Resolver {
  resolveTimed(source: NameSource, settings: DnsSettings, signal: AbortSignal): Promise<TimedResolution>;
}

export interface TimedResolution {
  readonly resolution: NameResolution;
  /** When each family's answer arrived; monotonic ms. An equal number means the same cached answer. */
  readonly answeredAtMs: Readonly<Record<AddressFamily, number>>;
  /** Monotonic ms: until then no query is sent, and the cached answer is returned. */
  readonly freshUntilMs: number;
}

export type NameSource = Pick<HostSource, 'kind' | 'host'> | Pick<SrvSource, 'kind' | 'srv'>;

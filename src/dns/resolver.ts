import type { AddressFamily } from '../model/ip-address.ts';
import type { DnsSettings, HostSource, SrvSource } from '../model/target.ts';
import type { NameResolution } from './resolution.ts';

/** Asks for the addresses of one source. Never rejects but with `signal.reason`. */
export interface Resolver {
  resolve(source: NameSource, settings: DnsSettings, signal: AbortSignal): Promise<NameResolution>;
}

/** A resolver that also says how long what it found may be believed. */
export interface TimedResolver extends Resolver {
  resolveTimed(source: NameSource, settings: DnsSettings, signal: AbortSignal): Promise<TimedResolution>;
}

export interface TimedResolution {
  readonly resolution: NameResolution;
  /** When each family's answer came; monotonic ms. The same number again: the same answer, from memory. */
  readonly answeredAtMs: Readonly<Record<AddressFamily, number>>;
  /** Monotonic ms: before then nothing is asked again, and the same comes back from memory. */
  readonly freshUntilMs: number;
}

export type NameSource = Pick<HostSource, 'kind' | 'host'> | Pick<SrvSource, 'kind' | 'srv'>;

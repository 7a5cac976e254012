import type { DnsSettings, HostSource, SrvSource } from '../target/target.ts';
import type { NameResolution } from './resolution.ts';

/** Asks for the addresses of one source. Never rejects but with `signal.reason`. */
export interface Resolver {
  resolve(source: NameSource, settings: DnsSettings, signal: AbortSignal): Promise<NameResolution>;
}

export type NameSource = Pick<HostSource, 'kind' | 'host'> | Pick<SrvSource, 'kind' | 'srv'>;

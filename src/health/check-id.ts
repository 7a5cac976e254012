import { familyOf } from '../target/ip-address.ts';
import type { Expectation, HealthCheckKind, HealthCheckSettings } from '../target/target.ts';
import type { Check, CheckId } from './health.ts';

/**
 * The identity of a check: equal exactly when two targets ask for the same thing in the same rhythm, so
 * that one probe and one verdict serve both. It is also the key under which a verdict outlives a process.
 */
export function checkIdOf(check: Omit<Check, 'id'>): CheckId {
  const host = check.settings.kind.type === 'tcp' ? undefined : check.host;
  const words = [
    socketAddressOf(check),
    settingsKeyOf(check.settings),
    ...(host === undefined ? [] : [host]),
  ];
  return words.join(' ') as CheckId;
}

/** `10.0.0.5:5432` or `[2001:db8::5]:5432`. */
export function socketAddressOf(at: Pick<Check, 'address' | 'port'>): string {
  return familyOf(at.address) === 'IPv6' ? `[${at.address}]:${at.port}` : `${at.address}:${at.port}`;
}

/** What a check does and how often, without where: most checks of a list share a few of these. */
export function settingsKeyOf(settings: HealthCheckSettings): string {
  const rhythm = [settings.intervalMs, settings.fastIntervalMs, settings.timeoutMs].join('/');
  const thresholds = `${settings.healthyThreshold}/${settings.unhealthyThreshold}`;
  const oneShot = settings.oneShot === 'accumulate' ? ' accumulate' : '';
  return `${kindKeyOf(settings.kind)} ${rhythm} ${thresholds}${oneShot}`;
}

function kindKeyOf(kind: HealthCheckKind): string {
  switch (kind.type) {
    case 'none':
      return 'none';
    case 'tcp': {
      const { send, expect } = kind.exchange ?? {};
      return keyOf('tcp', [hexOf(send), expectationKeyOf(expect)]);
    }
    case 'tls':
      return keyOf('tls', tlsKeysOf(kind.tls));
    case 'http': {
      const { method, path, host, expectedStatuses, body } = kind.http;
      const statuses = expectedStatuses.map(({ from, to }) => `${from}-${to}`).join(',');
      const http = [method, path, host, statuses, expectationKeyOf(body)];
      return keyOf(kind.tls === undefined ? 'http' : 'https', [...http, ...tlsKeysOf(kind.tls)]);
    }
  }
}

function tlsKeysOf(tls: Extract<HealthCheckKind, { type: 'http' }>['tls']): (string | undefined)[] {
  if (tls === undefined) return [];
  return [tls.serverName, tls.caFile, tls.verify ? undefined : 'unverified', `${tls.minValidityMs}`];
}

function expectationKeyOf(expectation: Expectation | undefined): string | undefined {
  if (expectation === undefined) return undefined;
  return expectation.kind === 'bytes' ? `=${hexOf(expectation.bytes)}` : `~${expectation.source}`;
}

function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
}

/** JSON keeps the parts apart whatever they contain. */
function keyOf(type: string, parts: readonly (string | undefined)[]): string {
  return parts.every((part) => part === undefined) ? type : `${type}${JSON.stringify(parts)}`;
}

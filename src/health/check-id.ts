import { createHash } from 'node:crypto';
import { familyOf } from '../model/ip-address.ts';
import type { Expectation, HealthCheckKind, HealthCheckSettings } from '../model/target.ts';
import type { Check, CheckId } from './health.ts';

/**
 * The identity of a check. It is equal exactly if two targets need the same probe at the same interval, so one probe
 * and one verdict serve both. It is also the key of a verdict in the saved state.
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

const keys = new WeakMap<HealthCheckSettings, string>();

/** The settings of a check without its address. Most checks of a list share a few of these. */
export function settingsKeyOf(settings: HealthCheckSettings): string {
  const known = keys.get(settings);
  if (known !== undefined) return known;
  const rhythm = [settings.intervalMs, settings.fastIntervalMs, settings.timeoutMs].join('/');
  const thresholds = `${settings.healthyThreshold}/${settings.unhealthyThreshold}`;
  const oneShot = settings.oneShot === 'accumulate' ? ' accumulate' : '';
  const key = `${kindKeyOf(settings.kind)} ${rhythm} ${thresholds}${oneShot}`;
  keys.set(settings, key);
  return key;
}

function kindKeyOf(kind: HealthCheckKind): string {
  switch (kind.type) {
    case 'none':
      return 'none';
    case 'tcp': {
      const { send, expect } = kind.exchange ?? {};
      return digestKey('tcp', [hexOf(send), expectationKeyOf(expect)]);
    }
    case 'tls':
      return digestKey('tls', tlsKeysOf(kind.tls));
    case 'http': {
      const { method, path, host, expectedStatuses, body } = kind.http;
      const statuses = expectedStatuses.map(({ from, to }) => `${from}-${to}`).join(',');
      const http = [method, path, host, statuses, expectationKeyOf(body)];
      return digestKey(kind.tls === undefined ? 'http' : 'https', [...http, ...tlsKeysOf(kind.tls)]);
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

/**
 * A digest of the parts, because bytes to send may be a password, and ids are saved in the state's ConfigMap. With
 * 128 bits no two checks of a list share one. JSON keeps the parts apart, whatever they contain.
 */
function digestKey(type: string, parts: readonly (string | undefined)[]): string {
  if (parts.every((part) => part === undefined)) return type;
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
  return `${type}:${digest.toString('base64url')}`;
}

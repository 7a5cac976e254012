import { checkIdOf } from '../../src/health/check-id.ts';
import type { Check } from '../../src/health/health.ts';
import type { HealthCheckSettings } from '../../src/model/target.ts';
import { ip } from './addresses.ts';

export const SETTINGS: HealthCheckSettings = {
  kind: { type: 'tcp' },
  ports: [],
  intervalMs: 10_000,
  fastIntervalMs: 1_000,
  timeoutMs: 2_000,
  healthyThreshold: 2,
  unhealthyThreshold: 3,
  oneShot: 'verdict',
};

/** A check of `address:port` (IPv6 in brackets), with the defaults for all other fields. */
export function checkAt(where: string, settings: Partial<HealthCheckSettings> = {}, host?: string): Check {
  const colon = where.lastIndexOf(':');
  const at = {
    address: ip(where.slice(0, colon).replace(/^\[|\]$/g, '')),
    port: Number(where.slice(colon + 1)),
    settings: { ...SETTINGS, ...settings },
  };
  const check = host === undefined ? at : { ...at, host };
  return { id: checkIdOf(check), ...check };
}

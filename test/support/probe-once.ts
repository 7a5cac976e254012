import type { Sample } from '../../src/health/health.ts';
import { PROBE_TIMED_OUT, proberOver } from '../../src/health/probe.ts';
import { cpuTimeOfProcess, systemClock } from '../../src/io/system-clock.ts';
import { TcpDialer } from '../../src/io/tcp-dialer.ts';
import type { HealthCheckKind, HealthCheckSettings } from '../../src/model/target.ts';
import { checkAt } from './checks.ts';

const probe = proberOver(new TcpDialer(systemClock), systemClock, cpuTimeOfProcess);

/** One probe over real sockets, with its time-out. */
export async function probeOnce(
  where: string,
  kind: HealthCheckKind,
  settings: Partial<HealthCheckSettings> & { host?: string } = {},
): Promise<Sample> {
  const { host, ...rest } = settings;
  const check = checkAt(where, { ...rest, kind }, host);
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(PROBE_TIMED_OUT), check.settings.timeoutMs);
  try {
    return await probe(check, abort.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** A tcp check that says `send` and waits for `expect`. */
export function exchangeOf(send: string, expect: string | RegExp): HealthCheckKind {
  const expectation =
    typeof expect === 'string'
      ? ({ kind: 'bytes', bytes: Buffer.from(expect, 'latin1') } as const)
      : ({ kind: 'pattern', source: expect.source } as const);
  return { type: 'tcp', exchange: { send: Buffer.from(send, 'latin1'), expect: expectation } };
}

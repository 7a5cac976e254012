import type { Clock } from '../time/clock.ts';
import type { WallTime } from './certificate.ts';
import { blameForNoConnection } from './dial-fault.ts';
import type { Connection, Dialer, DialFault } from './dialer.ts';
import { exchange } from './exchange.ts';
import type { CpuTime } from './expectation.ts';
import type { Check, FailureReason, Sample } from './health.ts';
import { httpExchange } from './http-exchange.ts';
import {
  beginning,
  failed,
  type ProbeOutcome,
  type ProbeProgress,
  quoted,
  stalled,
  succeeded,
} from './outcome.ts';
import { secure, serverNameOf } from './tls-handshake.ts';
import { WallClockWatch } from './wall-clock-watch.ts';

/**
 * Probes once. Resolves with a sample, whatever the backend does. The caller limits the time by aborting `signal`.
 * With {@link PROBE_TIMED_OUT} or {@link PROBE_STALLED} that gives a sample too; with any other reason the promise
 * rejects with it.
 */
export type Prober = (check: Check, signal: AbortSignal) => Promise<Sample>;

/** The reason of the abort when the time-out of a probe is over. */
export const PROBE_TIMED_OUT = new Error('the probe timed out');

/**
 * The reason of the abort when the time-out was noticed so late that this process is the cause, not the backend. A
 * process that gets no CPU sees timers end before it sees answers that have arrived.
 */
export const PROBE_STALLED = new Error('the process of the probe was not running');

/**
 * @param cpuTime distinguishes a slow pattern from a process that gets no CPU. Without it, a pattern that ran out of
 *   time says nothing about the backend.
 */
export function proberOver(dialer: Dialer, clock: Clock, cpuTime: CpuTime = () => 0): Prober {
  const watch = new WallClockWatch(clock);
  const wallTime = () => ({ nowMs: clock.wallNow(), trusted: watch.isTrusted() });
  const timed = (outcome: ProbeOutcome, startedMs: number): Sample => {
    return { ...outcome, latencyMs: clock.monotonicNow() - startedMs };
  };
  return (check, signal) => {
    const startedMs = clock.monotonicNow();
    if (isConnectOnly(check)) {
      return dialer.reach(check, signal).then(
        (fault) => timed(fault === undefined ? CONNECTED : notConnected(fault), startedMs),
        (error: unknown) => timed(outcomeOfAbort(error, beginning(), check), startedMs),
      );
    }
    const progress = beginning();
    return talk(dialer, { check, wallTime, signal, progress, cpuTime }).then(
      (outcome) => timed(outcome, startedMs),
      (error: unknown) => timed(outcomeOfAbort(error, progress, check), startedMs),
    );
  };
}

/** A probe that continues after connecting. */
interface Probing {
  readonly check: Check;
  readonly wallTime: () => WallTime;
  readonly signal: AbortSignal;
  readonly progress: ProbeProgress;
  readonly cpuTime: CpuTime;
}

const CONNECTED = succeeded('Connected', 'connected');

/** Checked first, because nearly every check is of this kind. */
function isConnectOnly({ settings: { kind } }: Check): boolean {
  return kind.type === 'tcp' && kind.exchange === undefined;
}

function notConnected(fault: DialFault): ProbeOutcome {
  const { reason, speaksOf } = blameForNoConnection(fault);
  return failed(reason, fault.message, speaksOf);
}

async function talk(dialer: Dialer, probing: Probing): Promise<ProbeOutcome> {
  const dialed = await dialer.dial(probing.check, probing.signal);
  if (!dialed.connected) return notConnected(dialed.fault);
  try {
    return await converse(dialed.connection, probing);
  } finally {
    dialed.connection.close();
  }
}

async function converse(connection: Connection, probing: Probing): Promise<ProbeOutcome> {
  const { check, progress, wallTime, signal, cpuTime } = probing;
  const { kind } = check.settings;
  switch (kind.type) {
    case 'none':
      throw new Error(`${check.id} must not be probed`);
    case 'tcp':
      return exchange(connection, kind.exchange ?? {}, progress, cpuTime, signal);
    case 'tls':
      return secure(connection, kind.tls, serverNameOf(check, kind), progress, wallTime, signal);
    case 'http': {
      if (kind.tls === undefined)
        return httpExchange(connection, check, kind.http, progress, cpuTime, signal);
      const name = serverNameOf(check, kind);
      const secured = await secure(connection, kind.tls, name, progress, wallTime, signal);
      if (!secured.healthy) return secured;
      const answered = await httpExchange(connection, check, kind.http, progress, cpuTime, signal);
      const { certificateValidUntilWallMs: until } = secured;
      return until === undefined ? answered : { ...answered, certificateValidUntilWallMs: until };
    }
  }
}

/** The outcome of an abort; other errors are thrown again. */
function outcomeOfAbort(error: unknown, progress: ProbeProgress, { settings }: Check): ProbeOutcome {
  if (error === PROBE_TIMED_OUT) return timedOut(progress, settings.timeoutMs);
  if (error === PROBE_STALLED) return stalled();
  throw error;
}

function timedOut({ awaiting, received }: ProbeProgress, timeoutMs: number): ProbeOutcome {
  if (received.length > 0) {
    return failed(
      'UnexpectedResponse',
      `answered ${quoted(received)} and nothing more within ${timeoutMs} ms`,
    );
  }
  const [reason, message] = TIMEOUTS[awaiting];
  return failed(reason, `${message} within ${timeoutMs} ms`);
}

const TIMEOUTS: Readonly<Record<ProbeProgress['awaiting'], readonly [FailureReason, string]>> = {
  connection: ['ConnectTimeout', 'no answer to the connection attempt'],
  handshake: ['TLSHandshakeTimeout', 'connected, but the TLS handshake did not end'],
  response: ['ResponseTimeout', 'connected, but no response came'],
};

import type { ExchangeSettings } from '../model/target.ts';
import { blameForBrokenConnection } from './dial-fault.ts';
import type { Connection, DialFault } from './dialer.ts';
import { type CpuTime, type Match, matcherOf, PATTERN_TIME_MS } from './expectation.ts';
import { failed, type ProbeOutcome, type ProbeProgress, quoted, stalled, succeeded } from './outcome.ts';

/** An answer that does not match within this many bytes counts as no match. */
const MAX_RESPONSE_BYTES = 16_384;

/** Sends the bytes of the settings and reads until the answer matches. */
export async function exchange(
  connection: Connection,
  settings: ExchangeSettings,
  progress: ProbeProgress,
  cpuTime: CpuTime,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  progress.awaiting = 'response';
  if (settings.send !== undefined) connection.write(settings.send);
  if (settings.expect === undefined) return succeeded('Connected', 'connected and sent');
  const look = matcherOf(settings.expect, cpuTime);
  while (progress.received.length < MAX_RESPONSE_BYTES) {
    const result = await connection.read(signal);
    if (result.kind === 'failed') {
      return brokenAfter(progress.received, result.fault);
    }
    if (result.kind === 'end') return closedAfter(progress.received);
    progress.received = Buffer.concat([progress.received, result.bytes]).subarray(0, MAX_RESPONSE_BYTES);
    const match = look(progress.received);
    if (match === 'match') return succeeded('ResponseMatched', `answered ${quoted(progress.received)}`);
    if (match !== 'noMatch') return givenUp(match, progress.received);
  }
  return failed(
    'UnexpectedResponse',
    `no match in ${MAX_RESPONSE_BYTES} bytes: ${quoted(progress.received)}`,
  );
}

function closedAfter(received: Buffer): ProbeOutcome {
  if (received.length === 0) return failed('ConnectionClosed', 'closed by the backend without an answer');
  return failed('UnexpectedResponse', `answered ${quoted(received)} and closed`);
}

/** The connection broke before the answer matched. */
export function brokenAfter(received: Uint8Array, fault: DialFault): ProbeOutcome {
  const { reason, speaksOf } = blameForBrokenConnection(fault);
  const when = received.length === 0 ? 'before an answer' : `after ${quoted(received)}`;
  return failed(reason, `${fault.message} ${when}`, speaksOf);
}

/** A pattern without a result in time says nothing yet. */
export function givenUp(match: Exclude<Match, 'match' | 'noMatch'>, received: Uint8Array): ProbeOutcome {
  if (match === 'stalled') return stalled();
  const what = `the pattern took more than ${PATTERN_TIME_MS} ms on ${quoted(received)}`;
  return failed('UnexpectedResponse', `${what} and was stopped`);
}

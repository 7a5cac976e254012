import type { Culprit, FailedSample, FailureReason, HealthyReason, HealthySample } from './health.ts';

/** A sample without its latency. */
export type ProbeOutcome = Omit<HealthySample, 'latencyMs'> | Omit<FailedSample, 'latencyMs'>;

/** The current step of a probe, which is the meaning of a time-out. */
export interface ProbeProgress {
  awaiting: 'connection' | 'handshake' | 'response';
  received: Buffer;
}

const NOTHING = Buffer.alloc(0);

export function beginning(): ProbeProgress {
  return { awaiting: 'connection', received: NOTHING };
}

/** Long enough for a person, short enough to keep ten thousand in memory. */
const MAX_MESSAGE_LENGTH = 200;

export function succeeded(reason: HealthyReason, message: string): ProbeOutcome {
  return { healthy: true, reason, message };
}

export function failed(reason: FailureReason, message: string, speaksOf: Culprit = 'backend'): ProbeOutcome {
  return { healthy: false, reason, message: shortened(message), speaksOf };
}

/** This process was not running: the answer may have been there. */
export function stalled(): ProbeOutcome {
  return failed('ProbeStalled', 'this process was not running meanwhile', 'worker');
}

function shortened(message: string): string {
  return message.length <= MAX_MESSAGE_LENGTH ? message : `${message.slice(0, MAX_MESSAGE_LENGTH - 1)}…`;
}

/** This much of an answer shows what is wrong; more would only fill logs. */
const MAX_QUOTED_BYTES = 60;

/** The start of an answer, printable on one line whatever bytes it has. */
export function quoted(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing';
  const head = Buffer.from(bytes.subarray(0, MAX_QUOTED_BYTES)).toString('latin1');
  // JSON escapes characters below U+0020. Bytes above ASCII are not Latin-1 text, so they are escaped too.
  const printable = JSON.stringify(head).replace(/[\x7f-\xff]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16)}`;
  });
  return bytes.length > MAX_QUOTED_BYTES ? `${printable}…` : printable;
}

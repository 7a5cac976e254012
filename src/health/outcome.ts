import type { Culprit, FailedSample, FailureReason, HealthyReason, HealthySample } from './health.ts';

/** A sample that nobody has put a latency to yet. */
export type ProbeOutcome = Omit<HealthySample, 'latencyMs'> | Omit<FailedSample, 'latencyMs'>;

/** How far a probe has come: that is what a time-out means. */
export interface ProbeProgress {
  awaiting: 'connection' | 'handshake' | 'response';
  received: Buffer;
}

const NOTHING = Buffer.alloc(0);

export function beginning(): ProbeProgress {
  return { awaiting: 'connection', received: NOTHING };
}

/** Long enough for a person, short enough for ten thousand of them in memory. */
const MAX_MESSAGE_LENGTH = 200;

export function succeeded(reason: HealthyReason, message: string): ProbeOutcome {
  return { healthy: true, reason, message };
}

export function failed(reason: FailureReason, message: string, speaksOf: Culprit = 'backend'): ProbeOutcome {
  return { healthy: false, reason, message: shortened(message), speaksOf };
}

/** This process was kept from running: whatever was missing may have been there. */
export function stalled(): ProbeOutcome {
  return failed('ProbeStalled', 'this process was held up meanwhile', 'worker');
}

function shortened(message: string): string {
  return message.length <= MAX_MESSAGE_LENGTH ? message : `${message.slice(0, MAX_MESSAGE_LENGTH - 1)}…`;
}

/** So much of an answer says what is wrong; the rest would only fill logs. */
const MAX_QUOTED_BYTES = 60;

/** The beginning of what a backend said, printable on one line whatever bytes it holds. */
export function quoted(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing';
  const head = Buffer.from(bytes.subarray(0, MAX_QUOTED_BYTES)).toString('latin1');
  // JSON escapes what is below U+0020; what is above ASCII is Latin-1 by accident and only confuses.
  const printable = JSON.stringify(head).replace(/[\x7f-\xff]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16)}`;
  });
  return bytes.length > MAX_QUOTED_BYTES ? `${printable}…` : printable;
}

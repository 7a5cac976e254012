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

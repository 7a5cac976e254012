import type { FailureReason, Health } from '../health/health.ts';
import type { IpAddress } from '../model/ip-address.ts';
import { type Assessment, isServing, type PortAssessment, servedNow, withReadiness } from './assessment.ts';
import type { GuardedTarget } from './drain-guard.ts';

/**
 * Nothing came back. A firewall, a node that lost its route and a NetworkPolicy of this worker's own look the same as a
 * dead host.
 */
const SILENCE: ReadonlySet<FailureReason> = new Set([
  'ConnectTimeout',
  'HostUnreachable',
  'NetworkUnreachable',
  'ConnectNotPermitted',
  'ConnectFailed',
  'TLSHandshakeTimeout',
  'ResponseTimeout',
  'ProbeStalled',
]);

/** The connection was refused or cut: by the host, or by a firewall, a policy engine or a sidecar on the way to it. */
const CUT: ReadonlySet<FailureReason> = new Set(['ConnectionRefused', 'ConnectionReset', 'ConnectionClosed']);

export const LAST_READY_SILENT = 'LastReadySilent';

export interface LastReadyInput extends Pick<GuardedTarget, 'assessments' | 'published'> {
  readonly lastReady: 'keep' | 'drain';
  /** When a check last succeeded on a host that is none of these, on the monotonic clock; -Infinity: never. */
  readonly otherHostSeenMs: (addresses: ReadonlySet<IpAddress>) => number;
}

/**
 * `publish.lastReady: keep`: addresses without which nothing of the target would be ready stay ready when they fall
 * silent (invariant 10). This is asked after tiers: where a healthy address of any tier takes over, nothing is kept.
 *
 *     silence                    kept until something definite comes
 *     refused, reset, closed     kept until this worker has seen another host healthy since
 *     an answer of the protocol  drained
 */
export function keepLastReady({
  assessments,
  published,
  lastReady,
  otherHostSeenMs,
}: LastReadyInput): readonly Assessment[] {
  if (lastReady === 'drain' || assessments.some(isServing)) return assessments;
  let seenMs: number | undefined;
  const isKept = (address: IpAddress, port: PortAssessment): boolean => {
    const { health } = port;
    if (port.ready || health?.verdict !== 'unhealthy' || servedNow(address, port, published) !== true)
      return false;
    const reason = health.reason as FailureReason;
    if (SILENCE.has(reason)) return true;
    if (!CUT.has(reason)) return false;
    seenMs ??= otherHostSeenMs(new Set(assessments.map((each) => each.address)));
    return seenMs <= health.sinceMs;
  };
  return assessments.map((assessment) =>
    withReadiness(assessment, (port) => (isKept(assessment.address, port) ? kept(port) : port)),
  );
}

function kept({ reason, message, health }: PortAssessment) {
  const cause = SILENCE.has(health?.reason as FailureReason)
    ? 'it fell silent, and a host that is down looks the same to this worker as a lost way to it'
    : 'the connection is cut, and this worker has seen no other host healthy since';
  return {
    ready: true,
    reason: LAST_READY_SILENT,
    message: `not drained, because nothing else of the target is ready: ${cause}; found: ${reason}: ${message}`,
  };
}

/** Whether another host that is seen healthy would change something about what is kept. */
export function waitsForAnotherHost(assessments: readonly Assessment[]): boolean {
  return assessments.some(({ ports }) =>
    ports.some(({ reason, health }) => reason === LAST_READY_SILENT && isCut(health)),
  );
}

function isCut(health: Health | undefined): boolean {
  return CUT.has(health?.reason as FailureReason);
}

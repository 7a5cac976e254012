import type { DialFault } from './dialer.ts';
import type { Culprit, FailureReason } from './health.ts';

export interface Blame {
  readonly reason: FailureReason;
  readonly speaksOf: Culprit;
}

/** What an errno of connecting means (connect(2), ip(7), and what Linux makes of ICMP errors: icmp.c). */
const BLAME_BY_ERRNO: Readonly<Record<string, Blame>> = {
  ECONNREFUSED: { reason: 'ConnectionRefused', speaksOf: 'backend' },
  ECONNRESET: { reason: 'ConnectionReset', speaksOf: 'backend' },
  ECONNABORTED: { reason: 'ConnectionReset', speaksOf: 'backend' },
  EPIPE: { reason: 'ConnectionReset', speaksOf: 'backend' },
  ETIMEDOUT: { reason: 'ConnectTimeout', speaksOf: 'backend' },
  EHOSTUNREACH: { reason: 'HostUnreachable', speaksOf: 'backend' },
  EHOSTDOWN: { reason: 'HostUnreachable', speaksOf: 'backend' },
  ENETUNREACH: { reason: 'NetworkUnreachable', speaksOf: 'route' },
  ENETDOWN: { reason: 'NetworkUnreachable', speaksOf: 'route' },
  EAFNOSUPPORT: { reason: 'NetworkUnreachable', speaksOf: 'route' },
  // A route of type `blackhole` on this host.
  EINVAL: { reason: 'NetworkUnreachable', speaksOf: 'route' },
  // A route of type `prohibit`, a security module, or a network policy that is enforced at connect().
  EACCES: { reason: 'ConnectNotPermitted', speaksOf: 'worker' },
  EPERM: { reason: 'ConnectNotPermitted', speaksOf: 'worker' },
  // No ephemeral port is left, or no source address of this family exists.
  EADDRNOTAVAIL: { reason: 'LocalResourcesExhausted', speaksOf: 'worker' },
  EADDRINUSE: { reason: 'LocalResourcesExhausted', speaksOf: 'worker' },
  EMFILE: { reason: 'LocalResourcesExhausted', speaksOf: 'worker' },
  ENFILE: { reason: 'LocalResourcesExhausted', speaksOf: 'worker' },
  ENOBUFS: { reason: 'LocalResourcesExhausted', speaksOf: 'worker' },
  ENOMEM: { reason: 'LocalResourcesExhausted', speaksOf: 'worker' },
  EAGAIN: { reason: 'LocalResourcesExhausted', speaksOf: 'worker' },
};

/** Names what kept a connection from coming about, and whom it speaks of. */
export function blameForNoConnection(fault: DialFault): Blame {
  return BLAME_BY_ERRNO[fault.code] ?? { reason: 'ConnectFailed', speaksOf: 'backend' };
}

/** Names what ended a connection that stood. Its route was there, so only the backend's end is left. */
export function blameForBrokenConnection(fault: DialFault): Blame {
  const blame = BLAME_BY_ERRNO[fault.code];
  return blame?.speaksOf === 'backend' ? blame : { reason: 'ConnectionReset', speaksOf: 'backend' };
}

import type { DialFault } from './dialer.ts';
import type { Culprit, FailureReason } from './health.ts';

export interface Blame {
  readonly reason: FailureReason;
  readonly speaksOf: Culprit;
}

/** The meaning of an errno of connect (connect(2), ip(7), and icmp.c for ICMP errors on Linux). */
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

/** The reason why no connection was made, and what it concerns. */
export function blameForNoConnection(fault: DialFault): Blame {
  return BLAME_BY_ERRNO[fault.code] ?? { reason: 'ConnectFailed', speaksOf: 'backend' };
}

/** The reason why a connection ended. It had a route, so only the backend can be the cause. */
export function blameForBrokenConnection(fault: DialFault): Blame {
  const blame = BLAME_BY_ERRNO[fault.code];
  return blame?.speaksOf === 'backend' ? blame : { reason: 'ConnectionReset', speaksOf: 'backend' };
}

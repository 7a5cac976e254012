import type { Dialer, DialRequest } from '../health/dialer.ts';
import type { IpAddress } from '../model/ip-address.ts';

/**
 * Leads connections to documentation addresses (RFC 5737) to listeners on loopback: the API server takes
 * no loopback addresses as endpoints, and a demo has no others. Every other address goes its usual way.
 */
export function mappedDialer(
  dialer: Dialer,
  listeners: ReadonlyMap<IpAddress, { readonly address: IpAddress; readonly port: number }>,
): Dialer {
  const mapped = (request: DialRequest) => {
    const listener = listeners.get(request.address);
    return listener === undefined ? request : { ...request, ...listener };
  };
  return {
    dial: (request, signal) => dialer.dial(mapped(request), signal),
    reach: (request, signal) => dialer.reach(mapped(request), signal),
  };
}

import type { Dialer, DialRequest } from '../health/dialer.ts';
import type { IpAddress } from '../target/ip-address.ts';

/**
 * Leads connections to documentation addresses (RFC 5737) to listeners on loopback: the API server takes
 * no loopback addresses as endpoints, and a demo has no others. Every other address goes its usual way.
 */
export function mappedDialer(
  dialer: Dialer,
  listeners: ReadonlyMap<IpAddress, { readonly address: IpAddress; readonly port: number }>,
): Dialer {
  return {
    dial(request: DialRequest, signal: AbortSignal) {
      const listener = listeners.get(request.address);
      return dialer.dial(listener === undefined ? request : { ...request, ...listener }, signal);
    },
  };
}

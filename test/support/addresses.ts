import { type IpAddress, parseIpAddress } from '../../src/model/ip-address.ts';

/** Parses an address; throws if the text is not one. */
export function ip(text: string): IpAddress {
  const parsed = parseIpAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

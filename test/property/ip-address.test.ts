import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  addressFromOctets,
  compareAddresses,
  parseIpAddress,
  sortAddresses,
} from '../../src/model/ip-address.ts';

/** Groups with many zeros, so that some can be shortened. */
const groups = fc.array(fc.oneof(fc.constant(0), fc.constant(0xffff), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
});

function octetsOf(ipv6: readonly number[]): Uint8Array {
  return Uint8Array.from(ipv6.flatMap((group) => [group >> 8, group & 255]));
}

it('addressFromOctets and parseIpAddress spell an address in the same way', () => {
  fc.assert(
    fc.property(groups, (ipv6) => {
      const written = ipv6.map((group) => group.toString(16)).join(':');
      expect(addressFromOctets(octetsOf(ipv6), 0, 16)).toBe(parseIpAddress(written));
    }),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (ipv4) => {
      expect(addressFromOctets(ipv4, 0, 4)).toBe(parseIpAddress(ipv4.join('.')));
    }),
  );
});

it('sortAddresses sorts in the order of compareAddresses', () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }).map((octets) => addressFromOctets(octets, 0, 4)),
    groups.map((ipv6) => addressFromOctets(octetsOf(ipv6), 0, 16)),
  );
  fc.assert(
    fc.property(fc.array(address), (addresses) => {
      expect(sortAddresses(addresses)).toEqual(addresses.toSorted(compareAddresses));
    }),
  );
});

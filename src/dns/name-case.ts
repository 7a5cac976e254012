import type { Random } from '../time/random.ts';
import { HEADER_LENGTH } from './wire.ts';

const BITS_AT_A_TIME = 30;

/**
 * Chooses the case of each letter of a query's name at random (draft-vixie-dnsext-dns0x20). A server repeats the
 * question as it came, so a forger who sees no traffic has to guess one more bit for each letter.
 */
export function mixCase(query: Uint8Array, random: Random): void {
  let bits = 0;
  let left = 0;
  let at = HEADER_LENGTH;
  for (let length = query[at] ?? 0; length !== 0; length = query[at] ?? 0) {
    const end = at + length;
    for (at += 1; at <= end; at += 1) {
      const octet = query[at] ?? 0;
      if (octet < 0x61 || octet > 0x7a) continue;
      if (left === 0) {
        bits = random.integer(2 ** BITS_AT_A_TIME);
        left = BITS_AT_A_TIME;
      }
      if ((bits & 1) === 1) query[at] = octet - 0x20;
      bits >>= 1;
      left -= 1;
    }
  }
}

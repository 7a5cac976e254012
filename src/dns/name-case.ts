import type { Random } from '../target/random.ts';

/**
 * The name with each letter's case chosen by chance (draft-vixie-dnsext-dns0x20): a server repeats the
 * question as it came, so a forger who sees no traffic has to guess one more bit a letter.
 */
export function withRandomCase(name: string, random: Random): string {
  let mixed = '';
  let bits = 0;
  let left = 0;
  for (const character of name) {
    if (character < 'a' || character > 'z') {
      mixed += character;
      continue;
    }
    if (left === 0) {
      bits = random.integer(2 ** 30);
      left = 30;
    }
    mixed += (bits & 1) === 1 ? character.toUpperCase() : character;
    bits >>= 1;
    left -= 1;
  }
  return mixed;
}

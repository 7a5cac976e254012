import type { Random } from '../../src/time/random.ts';

/** The same numbers for the same seed: Marsaglia's xorshift with 32 bits (Journal of Statistical Software 8/14). */
export function seededRandom(seed: number): Random {
  let state = (Math.imul(seed, 2_654_435_761) ^ 0x9e3779b9) >>> 0 || 1;
  return {
    integer(exclusiveMax) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return Math.floor(((state >>> 0) / 4_294_967_296) * exclusiveMax);
    },
  };
}

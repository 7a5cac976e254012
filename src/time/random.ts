/** Randomness as a port: cryptographic in the real world, seeded in tests. */
export interface Random {
  /** A whole number from 0 up to, not including, `exclusiveMax` (at most 2^32). */
  integer(exclusiveMax: number): number;
}

/** `value` plus or minus at most `share` of itself, so that timers set together do not end together. */
export function jittered(value: number, share: number, random: Random): number {
  const resolution = 1_000_000;
  const offset = (random.integer(resolution) / resolution) * 2 - 1;
  return value * (1 + offset * share);
}

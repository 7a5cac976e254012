import type { Random } from '../../../src/time/random.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/**
 * A random source for one purpose. Each purpose has its own: when shrinking removes one part of a scenario, the random
 * numbers of all other parts stay the same.
 */
export function streamOf(seed: number, purpose: string): Random {
  let hash = seed >>> 0;
  for (const character of purpose) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return seededRandom(hash);
}

export function chance(random: Random, probability: number): boolean {
  return random.integer(1_000_000) < probability * 1_000_000;
}

/** A whole number from `low` to `high`, both included. */
export function between(random: Random, low: number, high: number): number {
  return low + random.integer(high - low + 1);
}

export function pick<T>(random: Random, choices: readonly T[]): T {
  const chosen = choices[random.integer(choices.length)];
  if (chosen === undefined) throw new Error('nothing to choose from');
  return chosen;
}

import { randomInt } from 'node:crypto';
import type { Random } from '../time/random.ts';

export const systemRandom: Random = { integer: (exclusiveMax) => randomInt(exclusiveMax) };

import type { Random } from '../../time/random.ts';

const HEX = '0123456789abcdef';
/** The letters of apimachinery's `rand.String`: no vowels, no digits or letters that look alike. */
const NAME_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
/** The longest that a generated name's base may be (`names.MaxGeneratedNameLength`). */
const MAX_BASE_LENGTH = 63 - SUFFIX_LENGTH;

/** A version 4 UUID (RFC 9562 §5.4). */
export function newUid(random: Random): string {
  const digits = Array.from({ length: 32 }, (_, at) => {
    if (at === 12) return '4';
    return at === 16 ? (HEX[8 + random.integer(4)] as string) : (HEX[random.integer(16)] as string);
  }).join('');
  return [8, 12, 16, 20, 32].map((end, part) => digits.slice([0, 8, 12, 16, 20][part], end)).join('-');
}

export function generateName(base: string, random: Random): string {
  let suffix = '';
  for (let at = 0; at < SUFFIX_LENGTH; at++) suffix += NAME_LETTERS[random.integer(NAME_LETTERS.length)];
  return base.slice(0, MAX_BASE_LENGTH) + suffix;
}

/** RFC 3339 in whole seconds, as Kubernetes writes times of objects. */
export function timestamp(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
}

/**
 * Some DNS servers answer with a different part of a name's addresses each time: round robin, Route 53's multivalue
 * answers. An address that is missing from such an answer comes back, even if that takes longer than its hold.
 *
 * A name counts as rotating when addresses came back in several answers, and as long as that continues. Its addresses
 * then stay until they missed more answers than rotation explains.
 */
export interface Rotation {
  /** Answers that brought an address back, up to {@link MAX_SCORE}. */
  readonly score: number;
  /** The most answers that an address missed before it came back. */
  readonly longestAbsence: number;
  /** Answers since the last one that brought an address back. */
  readonly quietAnswers: number;
}

export const NO_ROTATION: Rotation = { score: 0, longestAbsence: 0, quietAnswers: 0 };

/** A failover and its way back bring an address back once, so rotation needs more than that. */
const ROTATING_FROM_SCORE = 3;
const MAX_SCORE = 8;

/**
 * Missed answers that rotation explains: four times the longest absence so far, within these limits. Example: with four
 * of twelve addresses in each answer, at random, one address misses 32 answers in a row with a probability of 2 in a
 * million.
 */
const MIN_TOLERANCE = 32;
const MAX_TOLERANCE = 256;

export function isRotating(rotation: Rotation): boolean {
  return rotation.score >= ROTATING_FROM_SCORE;
}

/** How many answers an address of a rotating name may miss. */
export function toleratedAbsence(rotation: Rotation): number {
  return Math.min(MAX_TOLERANCE, Math.max(MIN_TOLERANCE, 4 * rotation.longestAbsence));
}

/** For how many answers a removed address is remembered, so that its return is recognised. */
export function rememberedAbsence(rotation: Rotation): number {
  return isRotating(rotation) ? 2 * toleratedAbsence(rotation) : MIN_TOLERANCE;
}

/** @param absences for each address that the newest answer brought back: how many answers it had missed. */
export function observeAnswer(rotation: Rotation, absences: readonly number[]): Rotation {
  if (absences.length > 0) {
    return {
      score: Math.min(MAX_SCORE, rotation.score + 1),
      longestAbsence: Math.max(rotation.longestAbsence, ...absences),
      quietAnswers: 0,
    };
  }
  const quietAnswers = rotation.quietAnswers + 1;
  const over = rotation.score === 0 || quietAnswers >= 2 * toleratedAbsence(rotation);
  return over ? NO_ROTATION : { ...rotation, quietAnswers };
}

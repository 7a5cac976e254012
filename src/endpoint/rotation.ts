/**
 * Some servers give a few of their addresses at a time, others each time: round robin, Route 53's multivalue
 * answers. Such an address comes back, though it may be gone for longer than any hold. A name is taken to
 * rotate once addresses have come back in several answers, and is believed to as long as that goes on; its
 * addresses then stay until they have missed so many answers that rotation no longer explains it.
 */
export interface Rotation {
  /** Answers that brought an address back, up to {@link MAX_SCORE}. */
  readonly score: number;
  /** The most answers that an address missed before it came back. */
  readonly longestAbsence: number;
  /** Answers since one brought an address back. */
  readonly quietAnswers: number;
}

export const NO_ROTATION: Rotation = { score: 0, longestAbsence: 0, quietAnswers: 0 };

/** A failover and the way back bring one address back once; three times is a habit. */
const ROTATING_FROM_SCORE = 3;
const MAX_SCORE = 8;

/**
 * Missed answers that rotation explains: four times the longest absence seen, within these bounds. Of twelve
 * addresses given four at a time at random, one misses 32 answers in a row by a chance of 2 in a million;
 * and each absence that is seen raises the bound.
 */
const MIN_TOLERANCE = 32;
const MAX_TOLERANCE = 256;

export function isRotating(rotation: Rotation): boolean {
  return rotation.score >= ROTATING_FROM_SCORE;
}

/** So many answers may an address of a rotating name miss. */
export function toleratedAbsence(rotation: Rotation): number {
  return Math.min(MAX_TOLERANCE, Math.max(MIN_TOLERANCE, 4 * rotation.longestAbsence));
}

/** For so many answers an address that is gone is remembered, so that its return is recognised. */
export function rememberedAbsence(rotation: Rotation): number {
  return isRotating(rotation) ? 2 * toleratedAbsence(rotation) : MIN_TOLERANCE;
}

/** `absences`: of each address that the newest answer brought back, the number of answers it had missed. */
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

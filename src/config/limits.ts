/** The bounds of a target list. What lies above them is refused with the figure, never cut. */

/** A list is smaller than this, in UTF-8. A ConfigMap holds 1 MiB; 10,000 targets fit. */
export const MAX_LIST_BYTES = 5 * 1024 * 1024;
/** Of all parts together. */
export const MAX_TARGETS = 10_000;
export const MAX_PORTS = 100;
export const MAX_ENDPOINTS = 5_000;
/**
 * Tokens of one YAML text (words, signs, spaces, line ends), which is what reading it costs: about a second
 * a million. 10,000 targets that say all they can, near the limit of bytes, have 1.8 million.
 */
export const MAX_TOKENS = 2_000_000;
/** Values of one list, an alias counted as everything it stands for: this is what an alias bomb meets. */
export const MAX_VALUES = 500_000;
/** Values that stand inside each other; the schema has 6 levels. */
export const MAX_DEPTH = 64;
/** Problems that are reported; of the rest only the number is. */
export const MAX_PROBLEMS = 1_000;

/** The limits of a target list. A list above a limit is rejected with the figure, never truncated. */

/** A list must be smaller than this, in UTF-8. 10,000 targets fit; a ConfigMap has at most 1 MiB. */
export const MAX_LIST_BYTES = 5 * 1024 * 1024;
/** For all parts together. */
export const MAX_TARGETS = 10_000;
export const MAX_PORTS = 100;
export const MAX_ENDPOINTS = 5_000;
/**
 * Tokens of one YAML text: words, signs, spaces, line ends. Parsing takes about one second for a million tokens.
 * 10,000 targets with every field, close to the size limit, have 1.8 million.
 */
export const MAX_TOKENS = 2_000_000;
/** Values of one list, with aliases expanded: the limit that stops an alias bomb. */
export const MAX_VALUES = 500_000;
/** Nesting depth of values. The schema has 6 levels. */
export const MAX_DEPTH = 64;
/** Problems that are reported. */
export const MAX_PROBLEMS = 1_000;

/** The bounds of a target list. What lies above them is refused with the figure, never cut. */

/** A list is smaller than this, in UTF-8. A ConfigMap holds 1 MiB; 10,000 targets fit. */
export const MAX_LIST_BYTES = 5 * 1024 * 1024;
/** Of all parts together. */
export const MAX_TARGETS = 10_000;
export const MAX_PORTS = 100;
export const MAX_ENDPOINTS = 5_000;
/** Values in one list, an alias counted as everything it stands for: this is what an alias bomb meets. */
export const MAX_VALUES = 1_000_000;
/** A list as the schema has it is 6 levels deep. */
export const MAX_DEPTH = 64;
/** Problems that are reported; of the rest only their number is. */
export const MAX_PROBLEMS = 1_000;

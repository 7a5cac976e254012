/** `upper` laid over `lower`: mappings field by field, everything else as a whole. Neither is changed. */
export function layered(lower: unknown, upper: unknown): unknown {
  if (upper === undefined) return lower;
  if (!isMapping(lower) || !isMapping(upper)) return upper;
  const result: Record<string, unknown> = { ...lower };
  for (const [key, value] of Object.entries(upper)) result[key] = layered(result[key], value);
  return result;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

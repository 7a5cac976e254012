/** Whether it is what every object of the API has to be: an object with metadata. Proxies answer in JSON of their own. */
export function hasMetadata(
  value: unknown,
): value is { readonly metadata: Readonly<Record<string, unknown>> } {
  return isRecord(value) && isRecord(value.metadata);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

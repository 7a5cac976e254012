/** So much of an answer says what is wrong; the rest would only fill logs. */
const MAX_QUOTED_BYTES = 60;

/** The beginning of what a backend said, printable on one line whatever bytes it holds. */
export function quoted(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'nothing';
  const head = Buffer.from(bytes.subarray(0, MAX_QUOTED_BYTES)).toString('latin1');
  // JSON escapes what is below U+0020; what is above ASCII is Latin-1 by accident and only confuses.
  const printable = JSON.stringify(head).replace(/[\x7f-\xff]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16)}`;
  });
  return bytes.length > MAX_QUOTED_BYTES ? `${printable}…` : printable;
}

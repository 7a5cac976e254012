import type { RuleProblem } from './field.ts';
import { quoted } from './problem.ts';

/** Bytes as a list writes them, or what is wrong with it. */
export type Payload =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | ({ readonly ok: false } & RuleProblem);

const ESCAPED: Readonly<Record<string, number>> = { r: 0x0d, n: 0x0a, t: 0x09, 0: 0x00, '\\': 0x5c };

/**
 * Text as UTF-8, with `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH` for what cannot be typed. YAML resolves the
 * same escapes within double quotes, so a person need not know which of the two did it.
 */
export function payloadOfText(text: string): Payload {
  const parts: Buffer[] = [];
  for (const [part, code, pair] of text.matchAll(/\\(?:x([0-9a-fA-F]{2})|(.?))|[^\\]+/gsu)) {
    if (!part.startsWith('\\')) parts.push(Buffer.from(part, 'utf8'));
    else if (code !== undefined) parts.push(Buffer.of(Number.parseInt(code, 16)));
    else {
      const byte = ESCAPED[pair ?? ''];
      if (byte === undefined) return unknownEscape(part);
      parts.push(Buffer.of(byte));
    }
  }
  return { ok: true, bytes: new Uint8Array(Buffer.concat(parts)) };
}

/** Pairs of hexadecimal digits, blanks between them at will. */
export function payloadOfHex(text: string): Payload {
  const digits = text.replace(/\s/g, '');
  if (!/^([0-9a-fA-F]{2})+$/.test(digits)) {
    return { ok: false, message: `${quoted(text)} is no sequence of pairs of hexadecimal digits` };
  }
  return { ok: true, bytes: new Uint8Array(Buffer.from(digits, 'hex')) };
}

function unknownEscape(text: string): Payload {
  const hint = String.raw`known are \r \n \t \0 \xHH and \\ for a backslash`;
  return { ok: false, message: `unknown escape ${quoted(text)}`, hint };
}

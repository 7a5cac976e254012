import type { Expectation } from '../model/target.ts';
import type { RuleProblem } from './field.ts';
import { ruledText } from './field.ts';
import { quoted } from './problem.ts';

/** The bytes that a field describes, or the problem with it. */
export type Payload =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | ({ readonly ok: false } & RuleProblem);

const ESCAPED: Readonly<Record<string, number>> = { r: 0x0d, n: 0x0a, t: 0x09, 0: 0x00, '\\': 0x5c };

/**
 * Text as UTF-8. `\r`, `\n`, `\t`, `\0`, `\\` and `\xHH` are escapes. YAML resolves the same escapes within
 * double quotes, so both ways of quoting give the same bytes.
 */
function payloadOfText(text: string): Payload {
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

/** Pairs of hexadecimal digits, with optional spaces. */
function payloadOfHex(text: string): Payload {
  const digits = text.replace(/\s/g, '');
  if (!/^([0-9a-fA-F]{2})+$/.test(digits)) {
    return { ok: false, message: `${quoted(text)} is not a sequence of hexadecimal digit pairs` };
  }
  return { ok: true, bytes: new Uint8Array(Buffer.from(digits, 'hex')) };
}

function unknownEscape(text: string): Payload {
  const hint = String.raw`supported escapes: \r \n \t \0 \xHH and \\ for a backslash`;
  return { ok: false, message: `unknown escape ${quoted(text)}`, hint };
}

const MAX_PAYLOAD_LENGTH = 4_096;
const MAX_PATTERN_LENGTH = 1_024;

/** A field with text that may contain escapes. */
export function textPayload(description: string) {
  return payload(description, String.raw`text; \r, \n, \t, \0, \xHH and \\ are escapes`, payloadOfText);
}

export function hexPayload(description: string) {
  return payload(description, 'pairs of hexadecimal digits such as "00 0a ff"', payloadOfHex);
}

function payload(description: string, expected: string, parse: (text: string) => Payload) {
  return ruledText({ description, expected, maxLength: MAX_PAYLOAD_LENGTH }, (text) => {
    const result = parse(text);
    return result.ok ? undefined : result;
  });
}

/** A field with a JavaScript regular expression. */
export function pattern(description: string) {
  const expected = 'a regular expression as in JavaScript, without slashes';
  return ruledText({ description, expected, maxLength: MAX_PATTERN_LENGTH }, (text) => {
    try {
      new RegExp(text, 's');
      return undefined;
    } catch (error) {
      return { message: error instanceof Error ? error.message : String(error) };
    }
  });
}

/** The fields that describe an expected answer, as written. Their schemas have accepted them. */
export interface WrittenExpectation {
  readonly text?: string | undefined;
  readonly hex?: string | undefined;
  readonly pattern?: string | undefined;
}

export function expectationFrom({ text, hex, pattern: source }: WrittenExpectation): Expectation | undefined {
  if (source !== undefined) return { kind: 'pattern', source };
  const bytes = bytesFrom({ text, hex });
  return bytes === undefined ? undefined : { kind: 'bytes', bytes };
}

export function bytesFrom({ text, hex }: Omit<WrittenExpectation, 'pattern'>): Uint8Array | undefined {
  if (hex !== undefined) return checked(payloadOfHex(hex));
  return text === undefined ? undefined : checked(payloadOfText(text));
}

function checked(result: Payload): Uint8Array {
  if (!result.ok) throw new Error(`the schema accepted an invalid payload: ${result.message}`);
  return result.bytes;
}

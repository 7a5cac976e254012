import type { Expectation } from '../model/target.ts';
import { ruledText } from './field.ts';
import { type Payload, payloadOfHex, payloadOfText } from './payload.ts';

const MAX_PAYLOAD_LENGTH = 4_096;
const MAX_PATTERN_LENGTH = 1_024;

/** Text with escapes. */
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

/** A JavaScript regular expression. */
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

/** What was written of the ways to say what is expected; each has passed its schema. */
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
  if (!result.ok) throw new Error(`not a payload although it was checked: ${result.message}`);
  return result.bytes;
}

import type * as z from 'zod';
import type { HttpSettings, StatusRange } from '../model/target.ts';
import { expectationFrom, pattern, textPayload } from './expectation.ts';
import { listOf, oneOf, type RuleProblem, ruledText, section, textOrNumber } from './field.ts';
import { describeValue, quoted } from './problem.ts';
import { type Rivals, reportRivals } from './rivals.ts';

const DEFAULTS = { scheme: 'http', method: 'GET', path: '/', statuses: [{ from: 200, to: 299 }] } as const;

/** More than anybody needs, and a bound. */
const MAX_RANGES = 32;

export const httpSchema = section(
  {
    scheme: oneOf(['http', 'https'], {
      description: 'https: over TLS, by the settings of `tls`.',
      default: DEFAULTS.scheme,
    }).optional(),
    method: ruledText(
      {
        description: 'The method.',
        default: DEFAULTS.method,
        expected: 'a method such as GET, HEAD or OPTIONS',
        maxLength: 20,
      },
      (text) => (/^[A-Z]+$/.test(text) ? undefined : { message: `${quoted(text)} is no method` }),
    ).optional(),
    path: ruledText(
      {
        description: 'Path and query.',
        default: DEFAULTS.path,
        expected: 'a path that begins with /',
        maxLength: 2_048,
      },
      pathRule,
    ).optional(),
    host: ruledText(
      {
        description: 'The Host header.',
        otherwise:
          'the name that the address came from, else the address; with the port unless it is 80 or 443',
        expected: 'a host, with a port if need be',
        maxLength: 261,
      },
      (text) =>
        /^([\w.-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?$/.test(text)
          ? undefined
          : { message: `${quoted(text)} cannot be a Host header` },
    ).optional(),
    expectedStatuses: listOf(
      textOrNumber(
        {
          description: 'A status, or a range of them with both ends.',
          expected: 'a status such as 200 or a range such as 200-299',
        },
        (value) => (rangeOf(value) === undefined ? statusProblem(value) : undefined),
      ),
      {
        description: 'Which statuses are good.',
        default: ['200-299'],
        min: 1,
        max: MAX_RANGES,
        of: 'statuses or ranges',
      },
    ).optional(),
    expectedBody: textPayload(
      'What must occur in the body; at most 64 KiB of the response are read.',
    ).optional(),
    expectedBodyPattern: pattern('What must match somewhere in the body, read as Latin-1.').optional(),
  },
  { id: 'HttpCheck', description: 'For `type: http`. One request; redirects are not followed.' },
).superRefine((written, context) => reportRivals(written, HTTP_RIVALS, context));

export type WrittenHttp = z.infer<typeof httpSchema>;

export const HTTP_RIVALS: Rivals<WrittenHttp> = [['expectedBody', 'expectedBodyPattern']];

export function httpFrom(written: WrittenHttp | undefined): HttpSettings {
  const body = expectationFrom({ text: written?.expectedBody, pattern: written?.expectedBodyPattern });
  return {
    method: written?.method ?? DEFAULTS.method,
    path: written?.path ?? DEFAULTS.path,
    ...(written?.host === undefined ? {} : { host: written.host }),
    expectedStatuses: written?.expectedStatuses?.flatMap((each) => rangeOf(each) ?? []) ?? DEFAULTS.statuses,
    ...(body === undefined ? {} : { body }),
  };
}

function pathRule(text: string): RuleProblem | undefined {
  if (!text.startsWith('/')) return { message: `${quoted(text)} does not begin with /` };
  if (/^[\x21-\x7e]+$/.test(text)) return undefined;
  return { message: `${quoted(text)} holds what no URL may`, hint: 'encode it: a blank is %20' };
}

function rangeOf(value: string | number): StatusRange | undefined {
  const [, first, last] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(String(value)) ?? [];
  if (first === undefined) return undefined;
  const range = { from: Number(first), to: Number(last ?? first) };
  return range.from <= range.to ? range : undefined;
}

function statusProblem(value: string | number): RuleProblem {
  return { message: `${describeValue(value)} is no status from 100 to 599 and no range of them` };
}

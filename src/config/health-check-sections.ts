import type * as z from 'zod';
import { isHostname, parseHostname } from '../model/hostname.ts';
import { parseIpAddress } from '../model/ip-address.ts';
import type { ExchangeSettings, HttpSettings, StatusRange, TlsSettings } from '../model/target.ts';
import { flag, listOf, oneOf, type RuleProblem, ruledText, section, textOrNumber } from './field.ts';
import { type Rivals, reportRivals } from './field-rules.ts';
import { bytesFrom, expectationFrom, hexPayload, pattern, textPayload } from './payload.ts';
import { describeValue, quoted } from './problem.ts';
import { durationField, durationMs } from './quantities.ts';

export const exchangeSchema = section(
  {
    send: textPayload('What is sent after connecting.').optional(),
    sendHex: hexPayload('The same for bytes that are no text.').optional(),
    expect: textPayload('What must occur in the answer, of which at most 16 KiB are read.').optional(),
    expectHex: hexPayload('The same for bytes that are no text.').optional(),
    expectPattern: pattern(
      'What must match somewhere in the answer, read as Latin-1; `.` matches line ends too.',
    ).optional(),
  },
  {
    id: 'TcpCheck',
    description: 'For `type: tcp`: what is said on the connection, and what is to come back.',
  },
).superRefine((written, context) => reportRivals(written, EXCHANGE_RIVALS, context));

export type WrittenExchange = z.infer<typeof exchangeSchema>;

export const EXCHANGE_RIVALS: Rivals<WrittenExchange> = [
  ['send', 'sendHex'],
  ['expect', 'expectHex'],
  ['expect', 'expectPattern'],
  ['expectHex', 'expectPattern'],
];

/** Empty when nothing is to be said nor expected. */
export function exchangeFrom(written: WrittenExchange | undefined): ExchangeSettings {
  const send = bytesFrom({ text: written?.send, hex: written?.sendHex });
  const expect = expectationFrom({
    text: written?.expect,
    hex: written?.expectHex,
    pattern: written?.expectPattern,
  });
  return { ...(send === undefined ? {} : { send }), ...(expect === undefined ? {} : { expect }) };
}

const NO_MINIMUM = '0';

export const tlsSchema = section(
  {
    serverName: ruledText(
      {
        description: 'The name that is asked for (SNI) and that the certificate must be for.',
        otherwise: 'the host of the HTTP check, else the name that the address came from, else the address',
        expected: 'a DNS name or an IP address',
        maxLength: 255,
      },
      (text) =>
        parseIpAddress(text) !== undefined || isHostname(parseHostname(text))
          ? undefined
          : { message: `${quoted(text)} is neither a DNS name nor an IP address` },
    ).optional(),
    caFile: ruledText(
      {
        description: 'PEM file with the authorities to trust. It is read again when it changes.',
        otherwise: "Node's authorities, NODE_EXTRA_CA_CERTS included",
        expected: 'the absolute path of a PEM file',
        maxLength: 4_096,
      },
      (text) => (text.startsWith('/') ? undefined : { message: `${quoted(text)} is no absolute path` }),
    ).optional(),
    verify: flag({
      description: 'False: any certificate will do, expired ones and those for other names included.',
      default: true,
    }).optional(),
    minValidity: durationField({
      description: 'A certificate that ends sooner counts as a failure.',
      default: NO_MINIMUM,
      min: '0s',
      max: '87600h',
    }).optional(),
  },
  { id: 'TlsCheck', description: 'For `type: tls`, and for `type: http` with `scheme: https`.' },
);

export function tlsFrom(written: z.infer<typeof tlsSchema> | undefined): TlsSettings {
  return {
    ...(written?.serverName === undefined ? {} : { serverName: written.serverName }),
    ...(written?.caFile === undefined ? {} : { caFile: written.caFile }),
    verify: written?.verify ?? true,
    minValidityMs: durationMs(written?.minValidity ?? NO_MINIMUM),
  };
}

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

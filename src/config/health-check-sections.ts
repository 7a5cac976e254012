import type * as z from 'zod';
import { isHostname, parseHostname } from '../model/hostname.ts';
import { parseIpAddress } from '../model/ip-address.ts';
import type { ExchangeSettings, HttpSettings, StatusRange, TlsSettings } from '../model/target.ts';
import { flag, listOf, oneOf, type RuleProblem, ruledText, section, textOrNumber } from './field.ts';
import { type ExclusiveFields, reportExclusive } from './field-rules.ts';
import { bytesFrom, expectationFrom, hexPayload, pattern, textPayload } from './payload.ts';
import { describeValue, quoted } from './problem.ts';
import { durationField, durationMs } from './quantities.ts';

export const exchangeSchema = section(
  {
    send: textPayload('Text to send after connecting.').optional(),
    sendHex: hexPayload('Bytes to send after connecting, in hexadecimal.').optional(),
    expect: textPayload('Text that the answer must contain. At most 16 KiB of it are read.').optional(),
    expectHex: hexPayload('Bytes that the answer must contain, in hexadecimal.').optional(),
    expectPattern: pattern(
      'Regular expression that must match within the answer, read as Latin-1. `.` also matches line ends.',
    ).optional(),
  },
  {
    id: 'TcpCheck',
    description: 'For `type: tcp`: what to send on the connection, and the expected answer.',
  },
).superRefine((written, context) => reportExclusive(written, EXCHANGE_EXCLUSIVE, context));

export type WrittenExchange = z.infer<typeof exchangeSchema>;

export const EXCHANGE_EXCLUSIVE: ExclusiveFields<WrittenExchange> = [
  ['send', 'sendHex'],
  ['expect', 'expectHex'],
  ['expect', 'expectPattern'],
  ['expectHex', 'expectPattern'],
];

/** Empty when the check neither sends nor expects anything. */
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
        description: 'Name to send in the TLS handshake (SNI). The certificate must be valid for it.',
        otherwise: 'the host of the HTTP check, else the DNS name of the address, else the address',
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
        description: 'PEM file with the trusted certificate authorities. It is read again when it changes.',
        otherwise: 'the authorities of Node.js, including NODE_EXTRA_CA_CERTS',
        expected: 'the absolute path of a PEM file',
        maxLength: 4_096,
      },
      (text) => (text.startsWith('/') ? undefined : { message: `${quoted(text)} is not an absolute path` }),
    ).optional(),
    verify: flag({
      description:
        'Whether to verify the certificate. `false` accepts every certificate, even if it is expired or for another name.',
      default: true,
    }).optional(),
    minValidity: durationField({
      description: 'Shortest remaining validity. A certificate that expires sooner is a failure.',
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

/** Upper bound on the list of expected statuses. */
const MAX_RANGES = 32;

export const httpSchema = section(
  {
    scheme: oneOf(['http', 'https'], {
      description: '`https` uses TLS with the settings of `tls`.',
      default: DEFAULTS.scheme,
    }).optional(),
    method: ruledText(
      {
        description: 'Request method.',
        default: DEFAULTS.method,
        expected: 'a method such as GET, HEAD or OPTIONS',
        maxLength: 20,
      },
      (text) => (/^[A-Z]+$/.test(text) ? undefined : { message: `${quoted(text)} is not an HTTP method` }),
    ).optional(),
    path: ruledText(
      {
        description: 'Path and query of the request.',
        default: DEFAULTS.path,
        expected: 'a path that begins with /',
        maxLength: 2_048,
      },
      pathRule,
    ).optional(),
    host: ruledText(
      {
        description: 'Host header of the request.',
        otherwise: 'the DNS name of the address, else the address; with the port unless it is 80 or 443',
        expected: 'a host with an optional port',
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
          description: 'A status code, or a range of status codes.',
          expected: 'a status such as 200 or a range such as 200-299',
        },
        (value) => (rangeOf(value) === undefined ? statusProblem(value) : undefined),
      ),
      {
        description: 'Status codes that count as success.',
        default: ['200-299'],
        min: 1,
        max: MAX_RANGES,
        of: 'statuses or ranges',
      },
    ).optional(),
    expectedBody: textPayload(
      'Text that the body must contain. At most 64 KiB of the response are read.',
    ).optional(),
    expectedBodyPattern: pattern(
      'Regular expression that must match within the body, read as Latin-1.',
    ).optional(),
  },
  { id: 'HttpCheck', description: 'For `type: http`: one request. Redirects are not followed.' },
).superRefine((written, context) => reportExclusive(written, HTTP_EXCLUSIVE, context));

export type WrittenHttp = z.infer<typeof httpSchema>;

export const HTTP_EXCLUSIVE: ExclusiveFields<WrittenHttp> = [['expectedBody', 'expectedBodyPattern']];

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
  return {
    message: `${quoted(text)} contains a character that is not allowed in a URL`,
    hint: 'percent-encode it: a space is %20',
  };
}

function rangeOf(value: string | number): StatusRange | undefined {
  const [, first, last] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(String(value)) ?? [];
  if (first === undefined) return undefined;
  const range = { from: Number(first), to: Number(last ?? first) };
  return range.from <= range.to ? range : undefined;
}

function statusProblem(value: string | number): RuleProblem {
  return { message: `${describeValue(value)} is not a status from 100 to 599 or a range of them` };
}

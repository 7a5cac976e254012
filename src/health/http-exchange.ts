import { familyOf } from '../model/ip-address.ts';
import type { HttpSettings } from '../model/target.ts';
import type { Connection } from './dialer.ts';
import { brokenAfter, givenUp } from './exchange.ts';
import { type CpuTime, type Match, matcherOf } from './expectation.ts';
import type { Check } from './health.ts';
import { bodyOf, type HttpHead, headOf } from './http-response.ts';
import { failed, type ProbeOutcome, type ProbeProgress, quoted, succeeded } from './outcome.ts';

/** The limit of head and body together. */
const MAX_RESPONSE_BYTES = 65_536;

/** Sends one request and reads as much of the response as the settings need. Does not follow redirects. */
export async function httpExchange(
  connection: Connection,
  check: Check,
  settings: HttpSettings,
  progress: ProbeProgress,
  cpuTime: CpuTime,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  progress.awaiting = 'response';
  connection.write(Buffer.from(requestOf(check, settings), 'latin1'));
  const outcomeOf = verdictOf(settings, cpuTime);
  for (;;) {
    const result = await connection.read(signal);
    if (result.kind === 'failed') {
      return brokenAfter(progress.received, result.fault);
    }
    const ended = result.kind === 'end';
    if (!ended) progress.received = Buffer.concat([progress.received, result.bytes]);
    if (ended && progress.received.length === 0) {
      return failed('ConnectionClosed', 'closed by the backend without an answer');
    }
    const full = progress.received.length >= MAX_RESPONSE_BYTES;
    const outcome = outcomeOf(progress.received.subarray(0, MAX_RESPONSE_BYTES), ended || full);
    if (outcome !== undefined) return outcome;
  }
}

/** The outcome so far; undefined while more bytes may change it, never if `final`. */
function verdictOf(
  settings: HttpSettings,
  cpuTime: CpuTime,
): (received: Buffer, final: boolean) => ProbeOutcome | undefined {
  const look = settings.body === undefined ? undefined : matcherOf(settings.body, cpuTime);
  return (received, final) => {
    const head = headOf(received);
    if (head === 'NotHttp' || (head === 'Incomplete' && final)) {
      return failed('UnexpectedResponse', `not an HTTP/1 response: ${quoted(received)}`);
    }
    if (head === 'Incomplete') return undefined;
    if (!settings.expectedStatuses.some(({ from, to }) => from <= head.status && head.status <= to)) {
      return failed('HTTPStatus', head.statusLine);
    }
    if (look === undefined) return succeeded('HTTPStatusExpected', head.statusLine);
    return verdictOfBody(received, head, look, final);
  };
}

function verdictOfBody(
  received: Buffer,
  head: HttpHead,
  look: (body: Buffer) => Match,
  final: boolean,
): ProbeOutcome | undefined {
  const body = bodyOf(received, head);
  if (body === undefined)
    return failed('UnexpectedResponse', `${head.statusLine}, but the chunks of the body are malformed`);
  const match = look(body.bytes);
  if (match === 'match') return succeeded('ResponseMatched', head.statusLine);
  if (match !== 'noMatch') return givenUp(match, body.bytes);
  if (!body.complete && !final) return undefined;
  return failed(
    'UnexpectedResponse',
    `${head.statusLine}, but the body does not match: ${quoted(body.bytes)}`,
  );
}

function requestOf(check: Check, settings: HttpSettings): string {
  const host = settings.host ?? hostOf(check);
  return [
    `${settings.method} ${settings.path} HTTP/1.1`,
    `Host: ${host}`,
    'User-Agent: external-endpoints',
    'Accept: */*',
    'Connection: close',
    '\r\n',
  ].join('\r\n');
}

/** RFC 9110 §7.2: includes the port unless it is the scheme's default. */
function hostOf({ host, address, port, settings: { kind } }: Check): string {
  const name = host ?? (familyOf(address) === 'IPv6' ? `[${address}]` : address);
  const schemePort = kind.type === 'http' && kind.tls !== undefined ? 443 : 80;
  return port === schemePort ? name : `${name}:${port}`;
}

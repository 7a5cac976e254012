/** A response, as far as it was received. */
export interface HttpHead {
  readonly status: number;
  /** `HTTP/1.1 503 Service Unavailable`. */
  readonly statusLine: string;
  /** The offset of the body in the received bytes. */
  readonly bodyAt: number;
  readonly framing: Framing;
}

/** How the length of the body is known (RFC 9112 §6.3). */
export type Framing =
  | { readonly by: 'chunks' }
  | { readonly by: 'length'; readonly length: number }
  | { readonly by: 'close' };

export type HeadResult = HttpHead | 'Incomplete' | 'NotHttp';

/**
 * Reads the head of the final response from the received bytes; skips interim responses (RFC 9110 §15.2).
 * `Incomplete`: more bytes are needed. `NotHttp`: more bytes would not help.
 */
export function headOf(received: Buffer): HeadResult {
  let from = 0;
  for (;;) {
    const text = received.toString('latin1', from);
    if (!looksLikeHttp(text)) return 'NotHttp';
    const end = /\r?\n\r?\n/.exec(text);
    if (end === null) return 'Incomplete';
    const [statusLine = '', ...fields] = text.slice(0, end.index).split(/\r?\n/);
    const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: .*)?$/.exec(statusLine)?.[1];
    if (status === undefined) return 'NotHttp';
    from += end.index + end[0].length;
    const isInterim = status.startsWith('1') && status !== '101';
    if (!isInterim) return { status: Number(status), statusLine, bodyAt: from, framing: framingOf(fields) };
  }
}

/** The body so far, and whether it is complete; undefined if it is malformed. */
export function bodyOf(
  received: Buffer,
  { bodyAt, framing }: HttpHead,
): { readonly bytes: Buffer; readonly complete: boolean } | undefined {
  const raw = received.subarray(bodyAt);
  if (framing.by === 'chunks') return dechunked(raw);
  if (framing.by === 'close') return { bytes: raw, complete: false };
  return { bytes: raw.subarray(0, framing.length), complete: raw.length >= framing.length };
}

/** A server of another protocol is recognised by its first bytes, not by a time-out. */
function looksLikeHttp(text: string): boolean {
  const start = 'HTTP/1.';
  return text.startsWith(start) || (text.length < start.length && start.startsWith(text));
}

function framingOf(fields: readonly string[]): Framing {
  let length: number | undefined;
  for (const field of fields) {
    const [, name = '', value = ''] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(field) ?? [];
    if (/^transfer-encoding$/i.test(name) && /(^|,)[ \t]*chunked$/i.test(value)) return { by: 'chunks' };
    if (/^content-length$/i.test(name) && /^\d{1,15}$/.test(value)) length = Number(value);
  }
  return length === undefined ? { by: 'close' } : { by: 'length', length };
}

/** RFC 9112 §7.1; skips extensions and trailers. */
function dechunked(raw: Buffer): { bytes: Buffer; complete: boolean } | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = raw.indexOf('\n', at);
    if (lineEnd < 0) return { bytes: Buffer.concat(chunks), complete: false };
    const size = /^([0-9a-fA-F]{1,8})[ \t]*(?:;.*)?\r?$/.exec(raw.toString('latin1', at, lineEnd))?.[1];
    if (size === undefined) return undefined;
    const length = Number.parseInt(size, 16);
    if (length === 0) return { bytes: Buffer.concat(chunks), complete: true };
    chunks.push(raw.subarray(lineEnd + 1, lineEnd + 1 + length));
    at = lineEnd + 1 + length;
    if (raw[at] === 0x0d) at += 1;
    if (raw[at] === 0x0a) at += 1;
    else if (at < raw.length) return undefined;
  }
}

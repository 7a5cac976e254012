import type { ApiFailure, WatchEvent } from '../cluster/object-store.ts';
import type { KubeObject } from '../manifest/kube-object.ts';
import { failureOf, unreachable } from './kube-failure.ts';
import type { KubeStream } from './kube-retry.ts';

/** etcd accepts objects of 1.5 MB, the API server bodies of 3 MiB. Escapes may double that. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;

const NEWLINE = 0x0a;

/** The events of a watch. Rejects with `signal.reason` only; a failure is an event, and the last one. */
export async function* readWatchEvents(stream: KubeStream, signal: AbortSignal): AsyncGenerator<WatchEvent> {
  if (!stream.ok) {
    yield { type: 'FAILED', failure: stream.failure };
    return;
  }
  try {
    for await (const line of linesIn(stream.chunks)) {
      const event = eventIn(line);
      yield event;
      if (event.type === 'FAILED') return;
    }
  } catch (error) {
    signal.throwIfAborted();
    yield { type: 'FAILED', failure: brokenOff(error) };
  }
}

class LineTooLong extends Error {}

/** Complete lines without their ends. A last line without an end was cut off, and is dropped. */
async function* linesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      pending.push(chunk.subarray(from, end));
      from = end + 1;
      const line = Buffer.concat(pending).toString();
      pending = [];
      pendingBytes = 0;
      if (line.length > 0) yield line;
    }
    if (from === chunk.length) continue;
    pending.push(chunk.subarray(from));
    pendingBytes += chunk.length - from;
    if (pendingBytes > MAX_LINE_BYTES) throw new LineTooLong();
  }
}

interface RawEvent {
  readonly type: string;
  readonly object: KubeObject & { readonly code?: number };
}

function eventIn(line: string): WatchEvent {
  const event = parseEvent(line);
  switch (event?.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: event.object };
    case 'BOOKMARK':
      return { type: 'BOOKMARK', resourceVersion: event.object.metadata.resourceVersion ?? '' };
    case 'ERROR': {
      const { object: status } = event;
      const answer = { httpStatus: status.code ?? 500, body: JSON.stringify(status), retryAfter: undefined };
      return { type: 'FAILED', failure: failureOf(answer) };
    }
    default:
      return { type: 'FAILED', failure: notAWatch(line) };
  }
}

function parseEvent(line: string): RawEvent | undefined {
  try {
    const value = JSON.parse(line) as Partial<RawEvent> | null;
    return hasMetadata(value?.object) ? (value as RawEvent) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The page of a proxy, for instance. */
function notAWatch(line: string): ApiFailure {
  return {
    reason: 'ServerError',
    httpStatus: 200,
    message: `not a watch event: ${line.slice(0, 100)}`,
    outcomeUnknown: false,
  };
}

function brokenOff(error: unknown): ApiFailure {
  if (error instanceof LineTooLong) {
    const message = `a watch event of more than ${MAX_LINE_BYTES} bytes`;
    return { reason: 'ServerError', httpStatus: 200, message, outcomeUnknown: false };
  }
  if ((error as { code?: string }).code === 'UND_ERR_BODY_TIMEOUT') {
    return {
      reason: 'Timeout',
      httpStatus: 0,
      message: 'the watch sent nothing for too long',
      outcomeUnknown: false,
    };
  }
  return { ...unreachable(error, undefined), outcomeUnknown: false };
}

/** Whether this is an object of the API, which has metadata. Proxies answer with JSON of another shape. */
export function hasMetadata(
  value: unknown,
): value is { readonly metadata: Readonly<Record<string, unknown>> } {
  return isRecord(value) && isRecord(value.metadata);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

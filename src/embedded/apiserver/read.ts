import { type Call, jsonFor, keyOf, refOf } from './call.ts';
import { decodeContinue, encodeContinue, expiredContinue } from './continue-token.ts';
import { forbiddenField, invalidObject, notSupported } from './field-error.ts';
import { filterOf } from './filter.ts';
import type { JsonObject } from './json.ts';
import { groupVersionOf } from './kind.ts';
import { badRequest, expired, internal, notFound, Refusal } from './status.ts';
import type { Stored } from './store.ts';

/** How long a read waits for a version that the server has not seen yet (watch_cache.go, blockTimeout). */
const TOO_LARGE_WAIT_MS = 3000;
const TOO_LARGE_POLL_MS = 100;
const MATCHES = ['Exact', 'NotOlderThan'];

export function get(call: Call): Stored {
  const { store } = call.engine;
  const key = keyOf(call);
  const found =
    call.atRevision === undefined
      ? store.get(call.kind.storage, key)
      : store.listAt(call.kind.storage, key, call.atRevision).find((stored) => stored.key === key);
  if (found === undefined) throw notFound(refOf(call.kind), call.path.name);
  return found;
}

/** A page of a list: the objects and `metadata` of the list. */
export interface Page {
  readonly items: readonly Stored[];
  readonly metadata: JsonObject;
}

export async function list(call: Call, signal: AbortSignal): Promise<Page> {
  const { store } = call.engine;
  const { query } = call.request;
  const filter = filterOf(call);
  integerOf(query, 'timeoutSeconds');
  // Any version is acceptable. The real API server then responds from its cache, which has no pages.
  const limit = query.get('resourceVersion') === '0' ? 0 : integerOf(query, 'limit');
  const token = query.get('continue') ?? '';
  const position = token === '' ? undefined : decodeContinue(token, filter.keyPrefix);
  const revision = position?.revision ?? call.atRevision ?? (await revisionAsked(call, limit, signal));
  if (revision !== undefined && revision < store.compactedRevision) {
    throw position === undefined
      ? expired('The resourceVersion for the provided list is too old.')
      : expiredContinue(position, filter.keyPrefix);
  }
  const at = revision ?? store.revision;
  const all = store.listAt(call.kind.storage, filter.keyPrefix, at);
  const from = position === undefined ? all : all.filter((stored) => stored.key >= position.start);
  const selected = filter.selects ? from.filter((stored) => filter.matches(stored)) : from;
  const last = selected[limit - 1];
  if (limit <= 0 || last === undefined || selected.length <= limit) {
    return { items: selected, metadata: { resourceVersion: String(at) } };
  }
  const metadata: JsonObject = {
    resourceVersion: String(at),
    continue: encodeContinue(at, last.key, filter.keyPrefix),
    // With a selector the real API server does not know the number of remaining matches.
    ...(filter.selects ? {} : { remainingItemCount: selected.length - limit }),
  };
  return { items: selected.slice(0, limit), metadata };
}

/** A whole number of the query; 0 when missing. */
export function integerOf(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (text === '') return 0;
  if (/^-?\d+$/.test(text)) return Number(text);
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** The revision that a list must have; undefined for the latest. */
async function revisionAsked(call: Call, limit: number, signal: AbortSignal): Promise<number | undefined> {
  const { query } = call.request;
  const text = query.get('resourceVersion') ?? '';
  const match = query.get('resourceVersionMatch') ?? '';
  if (query.get('sendInitialEvents') !== null) {
    throw invalidListOptions('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  }
  if (match !== '' && !MATCHES.includes(match)) {
    const error = notSupported('resourceVersionMatch', match, [...MATCHES, '']);
    throw invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [error]);
  }
  if (match !== '' && text === '') {
    const detail = 'resourceVersionMatch is forbidden unless resourceVersion is provided';
    throw invalidListOptions('resourceVersionMatch', detail);
  }
  const revision = revisionOfList(text);
  if (revision === 0) {
    if (match === 'Exact') {
      throw invalidListOptions(
        'resourceVersionMatch',
        'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      );
    }
    return undefined;
  }
  await awaitRevision(call, revision, signal);
  // Without resourceVersionMatch a limited list is exact, for old clients (etcd3/store.go).
  return match === 'Exact' || (match === '' && limit > 0) ? revision : undefined;
}

export function invalidListOptions(field: string, detail: string): Refusal {
  return invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [forbiddenField(field, detail)]);
}

/** 0 stands for any. */
export function parseRevision(text: string): number {
  if (text === '') return 0;
  if (/^\d+$/.test(text)) return Number(text);
  const quoted = JSON.stringify(text);
  throw internal(
    `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`,
  );
}

/** A list reports an invalid version as a bad request; a watch has its own error. */
function revisionOfList(text: string): number {
  try {
    return parseRevision(text);
  } catch (error) {
    throw error instanceof Refusal ? badRequest(`invalid resource version: ${error.message}`) : error;
  }
}

async function awaitRevision(call: Call, revision: number, signal: AbortSignal): Promise<void> {
  const { store, clock } = call.engine;
  const deadlineMs = clock.monotonicNow() + TOO_LARGE_WAIT_MS;
  while (store.revision < revision) {
    if (clock.monotonicNow() >= deadlineMs) throw tooLarge(revision, store.revision);
    await clock.sleep(TOO_LARGE_POLL_MS, signal);
  }
}

function tooLarge(revision: number, current: number): Refusal {
  const message = `Timeout: Too large resource version: ${revision}, current: ${current}`;
  return new Refusal(504, message, 'Timeout', {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}

/** The list object as JSON; its items do not repeat their kind. */
export function listJson(call: Call, page: Page): string {
  const { kind } = call;
  const typeMeta = `{"kind":"${kind.kind}","apiVersion":"${groupVersionOf(kind)}",`;
  const items = page.items.map((stored) => {
    const json = jsonFor(kind, stored);
    return json.startsWith(typeMeta) ? `{${json.slice(typeMeta.length)}` : json;
  });
  const metadata = JSON.stringify(page.metadata);
  return `{"kind":"${kind.kind}List","apiVersion":"${groupVersionOf(kind)}","metadata":${metadata},"items":[${items.join(',')}]}`;
}

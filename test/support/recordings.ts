import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

/** One request to a real kube-apiserver, and its answer. */
export interface Recording {
  /** `file/name`. */
  readonly id: string;
  readonly file: string;
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly contentType?: string;
    readonly accept: string;
    readonly body?: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string | readonly string[]>>;
    readonly body: unknown;
  };
}

/** A recording that the embedded server does not reproduce in full, and why. */
export interface KnownDifference {
  readonly case: string;
  /** The paths that are not compared; `[*]` is any index. */
  readonly paths?: readonly string[];
  /** Whether lists in the recording are cut down to the entries that the embedded server has. */
  readonly subset?: boolean;
  readonly reason: string;
}

const FOLDER = new URL('../fixtures/recordings/', import.meta.url);

/** The order in which the files were recorded: later ones need the objects of earlier ones. */
const FILES = [
  'server-side-apply',
  'create-update-delete',
  'list-watch-table',
  'validation',
  'leases-events-configmaps',
  'discovery-and-auth',
];

export function readRecordings(): Recording[] {
  const found = readdirSync(FOLDER).filter((name) => name !== 'differences.json');
  if (found.length !== FILES.length) throw new Error(`unknown recordings: ${found.join(', ')}`);
  return FILES.flatMap((file) =>
    readJson<Omit<Recording, 'id' | 'file'>[]>(`${file}.json`).map((recording) => ({
      ...recording,
      file,
      id: `${file}/${recording.name}`,
    })),
  );
}

export function readKnownDifferences(): KnownDifference[] {
  return readJson<KnownDifference[]>('differences.json');
}

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as T;
}

/** Fields whose values a server chooses; the replay learns which value of ours corresponds to which of theirs. */
const MADE_UP = new Set(['uid', 'resourceVersion', 'clusterIP', 'clusterIPs', 'continue']);

type Json = unknown;

/**
 * Pairs each recorded uid, version, cluster IP or token with one of ours. The pairs are one to one, so a version that
 * changes where the recorded one does not, or the reverse, is a difference.
 */
export class Correspondence {
  readonly #ours = new Map<string, string>();
  readonly #theirs = new Map<string, string>();

  /** A recorded request with our values in place of theirs. */
  translate(value: Json, key = ''): Json {
    if (typeof value === 'string')
      return MADE_UP.has(key) ? (this.#ours.get(`${key}:${value}`) ?? value) : value;
    if (Array.isArray(value)) return value.map((item) => this.translate(item, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, this.translate(item, name)]),
    );
  }

  translatePath(path: string): string {
    return path.replace(/(resourceVersion|continue)=([^&]+)/g, (_, key: string, value: string) => {
      return `${key}=${this.#ours.get(`${key}:${value}`) ?? value}`;
    });
  }

  /** The paths at which `ours` differs from `theirs`. */
  differences(theirs: Json, ours: Json, path = 'body', key = ''): string[] {
    if (typeof theirs === 'string' && typeof ours === 'string') {
      return this.#sameText(theirs, ours, key) ? [] : [path];
    }
    if (Array.isArray(theirs) && Array.isArray(ours)) {
      const lengths = theirs.length === ours.length ? [] : [`${path}.length`];
      const items = theirs.slice(0, ours.length);
      return [
        ...lengths,
        ...items.flatMap((item, at) => this.differences(item, ours[at], `${path}[${at}]`, key)),
      ];
    }
    if (isRecord(theirs) && isRecord(ours)) {
      const names = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
      return names.flatMap((name) => this.differences(theirs[name], ours[name], `${path}.${name}`, name));
    }
    return isDeepStrictEqual(theirs, ours) ? [] : [path];
  }

  #sameText(theirs: string, ours: string, key: string): boolean {
    if (key === 'message') return this.#inOurWords(theirs) === ours.replace(/current: \d+/, 'current: …');
    if (key === 'cells') return theirs === ours || this.#ours.get(`clusterIP:${theirs}`) === ours;
    if (!MADE_UP.has(key) || theirs === ours || theirs === '' || ours === '') return theirs === ours;
    if (key === 'continue' && tokenStart(theirs) !== tokenStart(ours)) return false;
    const known = this.#ours.get(`${key}:${theirs}`);
    if (known !== undefined) return known === ours;
    if (this.#theirs.has(`${key}:${ours}`)) return false;
    this.#ours.set(`${key}:${theirs}`, ours);
    this.#theirs.set(`${key}:${ours}`, theirs);
    return true;
  }

  #inOurWords(message: string): string {
    let text = message.replace(/current: \d+/, 'current: …');
    for (const [theirs, ours] of this.#ours) {
      if (theirs.startsWith('uid:')) text = text.replaceAll(theirs.slice('uid:'.length), ours);
    }
    return text;
  }
}

function isRecord(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tokenStart(token: string): string {
  return (JSON.parse(Buffer.from(token, 'base64url').toString()) as { start: string }).start;
}

/** Whether a known difference excludes `path`. */
export function isLeftOut(path: string, difference: KnownDifference | undefined): boolean {
  const general = path.replaceAll(/\[\d+\]/g, '[*]');
  return (difference?.paths ?? []).some(
    (known) =>
      path === known || general === known || path.startsWith(`${known}.`) || path.startsWith(`${known}[`),
  );
}

/** `theirs` without the list entries whose name `ours` does not have. */
export function cutDown(theirs: Json, ours: Json): Json {
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    const byName = new Map(ours.map((item) => [nameOf(item), item]));
    return theirs
      .filter((item) => byName.has(nameOf(item)))
      .map((item) => cutDown(item, byName.get(nameOf(item))));
  }
  if (!isRecord(theirs) || !isRecord(ours)) return theirs;
  const entries = Object.entries(theirs).filter(([name]) => name !== 'subresources' || name in ours);
  return Object.fromEntries(entries.map(([name, item]) => [name, cutDown(item, ours[name])]));
}

function nameOf(item: Json): string {
  if (!isRecord(item)) return JSON.stringify(item);
  return String(item.name ?? item.resource ?? item.version ?? '');
}

import * as z from 'zod';
import type { ResolvedAnswer } from '../dns/resolution.ts';
import type { HeldAddress, HeldName } from '../endpoint/hold.ts';
import type { NameMemory } from '../endpoint/name-memory.ts';
import type { CheckId, Health } from '../health/health.ts';
import { type Hostname, isHostname, parseHostname } from '../model/hostname.ts';
import { ADDRESS_FAMILIES, type IpAddress, parseIpAddress } from '../model/ip-address.ts';
import type { Instant } from '../time/clock.ts';
import type { ListId, SyncState } from './sync-state.ts';

/** Increased when an older program would misread the text of a newer one. */
const VERSION = 2;

/** The state of one list as JSON. Times are whole seconds of the wall clock. */
export type EncodedState = z.input<typeof STATE>;

/** A list's state, as it is stored beside those of other lists. */
export interface StoredState {
  /** When it was last written, in whole seconds of the wall clock. */
  readonly savedAt: number;
  readonly state: unknown;
}

export type StoredText =
  | { readonly ok: true; readonly lists: ReadonlyMap<ListId, StoredState> }
  | { readonly ok: false; readonly message: string };

/** The states of all lists as text. */
export function formatStored(lists: ReadonlyMap<ListId, StoredState>): string {
  return JSON.stringify({ version: VERSION, lists: Object.fromEntries([...lists].sort(byKey)) });
}

/** Reads the text of {@link formatStored}, but not the states in it. Never throws. */
export function parseStored(text: string): StoredText {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { ok: false, message: `it is not JSON: ${(error as Error).message}` };
  }
  const version = VERSIONED.safeParse(json);
  if (version.success && version.data.version > VERSION) {
    return {
      ok: false,
      message: `it was written by a newer version (${version.data.version}, not ${VERSION})`,
    };
  }
  const parsed = STORED.safeParse(json);
  if (!parsed.success) return { ok: false, message: z.prettifyError(parsed.error).slice(0, 300) };
  return { ok: true, lists: new Map(Object.entries(parsed.data.lists)) };
}

/**
 * The state of one list. Equal states are encoded alike, also in another process and a little later. So times are whole
 * seconds of the wall clock, and values without meaning for the next process are left out (latencies, the time of the
 * newest answer). A comparison of texts shows whether a save is needed.
 */
export function encodeState(state: SyncState, now: Instant): EncodedState {
  const names = [...state.names].sort(byKey).map(([target, memory]) => [target, encodeMemory(memory, now)]);
  const health = [...state.health].sort(byKey).map(([id, each]) => [id, encodeHealth(each, now)]);
  const deleted = [...state.deletedAtMs].sort(byKey).map(([target, atMs]) => [target, toWall(atMs, now)]);
  return {
    names: Object.fromEntries(names),
    sources: encodeSources(state.sources),
    health: Object.fromEntries(health),
    deleted: Object.fromEntries(deleted),
    ...(state.suspectSinceMs === undefined ? {} : { suspectSince: toWall(state.suspectSinceMs, now) }),
  };
}

export type DecodedState =
  | { readonly ok: true; readonly state: SyncState }
  | { readonly ok: false; readonly message: string };

/** Decodes what {@link encodeState} made, for this process's clock. Never throws. */
export function decodeState(encoded: unknown, now: Instant): DecodedState {
  const parsed = STATE.safeParse(encoded);
  if (!parsed.success) return { ok: false, message: z.prettifyError(parsed.error).slice(0, 300) };
  const { names, sources, health, deleted, suspectSince } = parsed.data;
  return {
    ok: true,
    state: {
      names: new Map(Object.entries(names).map(([target, memory]) => [target, decodeMemory(memory, now)])),
      sources: new Map(Object.entries(sources)),
      health: new Map(
        Object.entries(health).map(([id, each]) => [id as CheckId, decodeHealth(each, now)] as const),
      ),
      deletedAtMs: new Map(Object.entries(deleted).map(([key, atS]) => [key, toMonotonic(atS, now)])),
      suspectSinceMs: suspectSince === undefined ? undefined : toMonotonic(suspectSince, now),
    },
  };
}

/** zod sets absent fields to undefined; our types have them absent. */
function withoutUndefined(answer: {
  address: IpAddress;
  port?: number | undefined;
  priority?: number | undefined;
  drained?: boolean | undefined;
  host?: Hostname | undefined;
}): ResolvedAnswer {
  return Object.fromEntries(
    Object.entries(answer).filter(([, value]) => value !== undefined),
  ) as unknown as ResolvedAnswer;
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

const VERSIONED = z.object({ version: z.number() });

/** People can edit a ConfigMap, so its values are checked before they go into objects. */
const ADDRESS = z.string().transform((text, context) => {
  const address = parseIpAddress(text);
  if (address !== undefined) return address;
  context.addIssue(`${text} is not an IP address`);
  return z.NEVER;
});

const HOSTNAME = z.string().transform((text, context) => {
  const name = parseHostname(text);
  if (isHostname(name)) return name;
  context.addIssue(`${text} is not a host name`);
  return z.NEVER;
});

const ANSWER = z
  .object({
    address: ADDRESS,
    port: z.int().min(1).max(65535).optional(),
    priority: z.int().min(0).max(65535).optional(),
    drained: z.boolean().optional(),
    host: HOSTNAME.optional(),
  })
  .transform((answer) => withoutUndefined(answer));

const HELD_NAME = z.object({
  rotation: z.object({ score: z.number(), longestAbsence: z.number(), quietAnswers: z.number() }),
  addresses: z.array(
    z.object({
      answer: ANSWER,
      missedAnswers: z.number(),
      absentSince: z.int().optional(),
      notFoundSince: z.int().optional(),
      failingSince: z.int().optional(),
    }),
  ),
  departed: z.array(z.object({ answer: ANSWER, missedAnswers: z.number() })),
});

const HEALTH = z.object({
  verdict: z.enum(['unknown', 'healthy', 'unhealthy']),
  reason: z.string(),
  message: z.string(),
  streak: z.number(),
  streakOf: z.enum(['successes', 'failures']).optional(),
  since: z.int(),
  vantageSuspect: z.boolean(),
});

const STORED = z.object({
  version: z.literal(VERSION),
  lists: z.record(z.string(), z.object({ savedAt: z.int(), state: z.unknown() })),
});

const STATE = z.object({
  names: z.record(z.string(), z.record(z.string(), z.partialRecord(z.enum(['IPv4', 'IPv6']), HELD_NAME))),
  sources: z.record(z.string(), z.array(z.string())),
  health: z.record(z.string(), HEALTH),
  deleted: z.record(z.string(), z.int()),
  suspectSince: z.int().optional(),
});

function encodeMemory(memory: NameMemory, now: Instant) {
  return Object.fromEntries(
    [...memory].sort(byKey).map(([source, held]) => [
      source,
      Object.fromEntries(
        ADDRESS_FAMILIES.flatMap((family) => {
          const name = held[family];
          return name === undefined || isEmpty(name) ? [] : [[family, encodeName(name, now)]];
        }),
      ),
    ]),
  );
}

/** The order in the list has no meaning. */
function encodeSources(sources: SyncState['sources']) {
  return Object.fromEntries([...sources].sort(byKey).map(([target, each]) => [target, [...each].sort()]));
}

function isEmpty(name: HeldName): boolean {
  return name.addresses.length === 0 && name.departed.length === 0 && name.rotation.score === 0;
}

function encodeName({ rotation, addresses, departed }: HeldName, now: Instant): z.input<typeof HELD_NAME> {
  return {
    rotation,
    addresses: addresses
      .map(({ answer, missedAnswers, absentSinceMs, notFoundSinceMs, failingSinceMs }) => ({
        answer,
        missedAnswers,
        ...(absentSinceMs === undefined ? {} : { absentSince: toWall(absentSinceMs, now) }),
        ...(notFoundSinceMs === undefined ? {} : { notFoundSince: toWall(notFoundSinceMs, now) }),
        ...(failingSinceMs === undefined ? {} : { failingSince: toWall(failingSinceMs, now) }),
      }))
      // Servers rotate their answers, so the order has no meaning.
      .sort((a, b) => (JSON.stringify(a.answer) < JSON.stringify(b.answer) ? -1 : 1)),
    departed: departed.map(({ answer, missedAnswers }) => ({ answer, missedAnswers })),
  };
}

function decodeMemory(memory: z.output<typeof STATE>['names'][string], now: Instant): NameMemory {
  return new Map(
    Object.entries(memory).map(([source, families]) => [
      source,
      Object.fromEntries(Object.entries(families).map(([family, held]) => [family, decodeName(held, now)])),
    ]),
  );
}

function decodeName(held: z.output<typeof HELD_NAME>, now: Instant): HeldName {
  return {
    // Older than any answer of this process, so the first answer counts as new.
    answeredAtMs: Number.NEGATIVE_INFINITY,
    rotation: held.rotation,
    departed: held.departed,
    addresses: held.addresses.map(
      ({ answer, missedAnswers, absentSince, notFoundSince, failingSince }): HeldAddress => ({
        answer,
        missedAnswers,
        ...(absentSince === undefined ? {} : { absentSinceMs: toMonotonic(absentSince, now) }),
        ...(notFoundSince === undefined ? {} : { notFoundSinceMs: toMonotonic(notFoundSince, now) }),
        ...(failingSince === undefined ? {} : { failingSinceMs: toMonotonic(failingSince, now) }),
      }),
    ),
  };
}

function encodeHealth(health: Health, now: Instant): z.input<typeof HEALTH> {
  const { verdict, reason, message, streak, streakOf, sinceMs, vantageSuspect } = health;
  return {
    verdict,
    reason,
    message,
    streak,
    ...(streakOf === undefined ? {} : { streakOf }),
    since: toWall(sinceMs, now),
    vantageSuspect,
  };
}

function decodeHealth({ since, streakOf, ...rest }: z.output<typeof HEALTH>, now: Instant): Health {
  return {
    ...(rest as Omit<Health, 'sinceMs'>),
    ...(streakOf === undefined ? {} : { streakOf }),
    sinceMs: toMonotonic(since, now),
  };
}

/** Whole seconds, because two clocks never agree to the millisecond. */
function toWall(monotonicMs: number, now: Instant): number {
  return Math.round(Math.round(now.wallMs - (now.monotonicMs - monotonicMs)) / 1000);
}

/** A time in the future shows that the wall clock was set back. Then the time starts now. */
function toMonotonic(wallSeconds: number, now: Instant): number {
  return now.monotonicMs - Math.max(0, now.wallMs - wallSeconds * 1000);
}

import type { Absence, NameResolution, Resolution, Resolved, ResolvedAnswer } from '../dns/resolution.ts';
import type { AddressToCheck } from '../health/check.ts';
import { ADDRESS_FAMILIES, type AddressFamily, familyOf } from '../model/ip-address.ts';
import type { HoldSettings, HostSource, SrvSource, Target } from '../model/target.ts';
import { type KnownAddress, nameOf, sourceKey } from './candidate.ts';
import { type HeldName, type HeldVerdict, type HoldResult, holdAddresses } from './hold.ts';
import { recoveredFrom, type ServedAddress, type Sources, sourcesOf } from './recovery.ts';

/** What the names of one target stood for when last looked at: by {@link sourceKey}, then by family. */
export type NameMemory = ReadonlyMap<string, HeldByFamily>;

type HeldByFamily = Readonly<Partial<Record<AddressFamily, HeldName>>>;

/** The newest answer for one name, and when that of each family came on the monotonic clock: TTLs differ. */
export interface AnsweredName {
  readonly resolution: NameResolution;
  readonly answeredAtMs: Readonly<Record<AddressFamily, number>>;
}

/** What a target's names stand for now. */
export interface NameView {
  readonly memory: NameMemory;
  /** By {@link sourceKey}, for `candidatesOf`. */
  readonly known: ReadonlyMap<string, readonly KnownAddress[]>;
  /** Names whose answers lack something, with the reason: told even where held addresses bridge it. */
  readonly troubles: readonly NameTrouble[];
  /** When time alone will take an address away; Infinity when it will not. */
  readonly nextChangeAtMs: number;
}

export interface NameTrouble {
  readonly source: string;
  readonly reason: string;
  readonly message: string;
}

export interface NameInput {
  readonly target: Target;
  readonly hold: HoldSettings;
  /**
   * Undefined when nothing is remembered of this target at all (first time, or state lost). Then every address
   * that the Service serves now counts as known to each name, so that a lost memory drains nothing.
   */
  readonly previous: NameMemory | undefined;
  /** In the first decision after another process: the origins of what that one published. */
  readonly inheriting?: Sources | undefined;
  /** By {@link sourceKey}; a name without an answer so far keeps what it had. */
  readonly answers: ReadonlyMap<string, AnsweredName>;
  /** Each address and port that the Service serves now, ready or not, once. */
  readonly served: readonly ServedAddress[];
  /** Those of them that bear our marks. */
  readonly published: readonly ServedAddress[];
  /** False only for an address that was found unhealthy. */
  readonly isHealthy: (at: AddressToCheck) => boolean;
  readonly nowMs: number;
}

type NamedSource = HostSource | SrvSource;

/** Takes the newest answers in. Each name and family goes its own way: one that fails freezes no sibling. */
export function viewNames(input: NameInput): NameView {
  const memory = new Map<string, HeldByFamily>();
  const known = new Map<string, readonly KnownAddress[]>();
  const troubles: NameTrouble[] = [];
  const unremembered = unrememberedOf(input);
  let nextChangeAtMs = Number.POSITIVE_INFINITY;
  for (const source of input.target.endpoints) {
    if (source.kind === 'address' || memory.has(sourceKey(source))) continue;
    const key = sourceKey(source);
    const results = ADDRESS_FAMILIES.map(
      (family) => [family, holdFamily(source, family, unremembered, input)] as const,
    );
    memory.set(key, Object.fromEntries(results.map(([family, { next }]) => [family, next])));
    known.set(
      key,
      results.flatMap(([, { addresses }]) => addresses.map(toKnown)),
    );
    troubles.push(...troublesOf(key, input.answers.get(key)?.resolution));
    nextChangeAtMs = Math.min(nextChangeAtMs, ...results.map(([, result]) => result.nextChangeAtMs));
  }
  return { memory, known, troubles, nextChangeAtMs };
}

/** What counts as known to each name, without that any of them is remembered to have had it. */
function unrememberedOf({ target, previous, inheriting, served, published }: NameInput): ServedAddress[] {
  if (previous !== undefined) {
    if (inheriting === undefined) return [];
    const remembered = [...previous.values()].flatMap((families) => Object.values(families));
    return recoveredFrom(inheriting, target, remembered, published);
  }
  const declared = new Set(sourcesOf(target));
  return served.filter(({ address }) => !declared.has(address));
}

function holdFamily(
  source: NamedSource,
  family: AddressFamily,
  unremembered: readonly ServedAddress[],
  input: NameInput,
): HoldResult {
  const key = sourceKey(source);
  const before: HeldName | undefined = input.previous?.get(key)?.[family];
  const answer = input.answers.get(key);
  const observation =
    answer === undefined
      ? { resolution: NOT_ANSWERED, answeredAtMs: before?.answeredAtMs ?? input.nowMs }
      : { resolution: answer.resolution[family], answeredAtMs: answer.answeredAtMs[family] };
  const isHealthy = (held: ResolvedAnswer) => input.isHealthy({ ...held, host: held.host ?? nameOf(source) });
  const inherited = answersFrom(source, input.target, unremembered, family);
  return holdAddresses(before, observation, input.hold, isHealthy, input.nowMs, inherited);
}

/** Nobody has answered yet is no different from nobody answers. */
const NOT_ANSWERED = { outcome: 'unresolved', reason: 'QueryTimeout', message: 'not answered yet' } as const;

/**
 * A host's addresses are served on the target's own ports, a service's on whichever its records said: without
 * that distinction a lost memory would publish the one's addresses on the other's ports.
 */
function answersFrom(
  source: NamedSource,
  target: Target,
  unremembered: readonly ServedAddress[],
  family: AddressFamily,
): readonly ResolvedAnswer[] {
  const ofFamily = unremembered.filter(({ address }) => familyOf(address) === family);
  if (source.kind === 'srv') return ofFamily;
  const ports = new Set(target.ports.map(({ targetPort }) => targetPort));
  const anyPort = target.endpoints.every(({ kind }) => kind !== 'srv');
  const own = ofFamily.filter(({ port }) => anyPort || ports.has(port));
  return [...new Set(own.map(({ address }) => address))].map((address) => ({ address }));
}

function toKnown({ answer, state, reason, message, untilMs }: HeldVerdict): KnownAddress {
  return { ...answer, ...(state === 'current' ? {} : { held: { reason, message, untilMs } }) };
}

function troublesOf(source: string, resolution: NameResolution | undefined): NameTrouble[] {
  if (resolution === undefined) {
    return [{ source, reason: NOT_ANSWERED.reason, message: NOT_ANSWERED.message }];
  }
  const families = ADDRESS_FAMILIES.map((family) => resolution[family]);
  return [
    ...absencesOf(families),
    ...missingTargets(families),
    ...families.filter((each) => each.outcome === 'resolved').flatMap(cutOf),
  ].map(({ reason, message }) => ({ source, reason, message }));
}

/** A name with a good answer in one family has no trouble: IPv4-only names have no AAAA records. */
function absencesOf(families: readonly Resolution[]): Absence[] {
  const absences = families.filter((each) => each.outcome !== 'resolved');
  const [telling = absences[0]] = absences.filter(({ outcome }) => outcome === 'unresolved');
  const isTrouble = absences.length === families.length || telling?.outcome === 'unresolved';
  return isTrouble && telling !== undefined ? [telling] : [];
}

/** SRV targets without an address in any family, or that nobody knows of in one. */
function missingTargets(families: readonly Resolution[]): Absence[] {
  const answers = families.filter((each) => each.outcome === 'resolved');
  const missing = Map.groupBy(
    answers.flatMap((answer) => answer.missing ?? []),
    ({ host }) => host,
  );
  return [...missing.values()].flatMap((absences) => {
    const unresolved = absences.find(({ absence }) => absence.outcome === 'unresolved');
    const everywhere = absences.length === answers.length ? absences[0] : undefined;
    const telling = unresolved ?? everywhere;
    return telling === undefined ? [] : [telling.absence];
  });
}

function cutOf({ answers, cutFrom }: Resolved): Pick<NameTrouble, 'reason' | 'message'>[] {
  if (cutFrom === undefined) return [];
  const message = `the answer has ${cutFrom} addresses, of which ${answers.length} are used`;
  return [{ reason: 'TooManyAddresses', message }];
}

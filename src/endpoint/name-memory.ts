import type { Absence, NameResolution, Resolution, Resolved, ResolvedAnswer } from '../dns/resolution.ts';
import type { AddressToCheck } from '../health/check.ts';
import { ADDRESS_FAMILIES, type AddressFamily, familyOf } from '../model/ip-address.ts';
import type { HoldSettings, HostSource, SrvSource, Target } from '../model/target.ts';
import { type KnownAddress, nameOf, sourceKey } from './candidate.ts';
import { type HeldName, type HeldVerdict, type HoldResult, holdAddresses } from './hold.ts';
import { recoveredFrom, type ServedAddress, type Sources, sourcesOf } from './recovery.ts';

/** The addresses of a target's names after the last decision, by {@link sourceKey}, then by family. */
export type NameMemory = ReadonlyMap<string, HeldByFamily>;

type HeldByFamily = Readonly<Partial<Record<AddressFamily, HeldName>>>;

/** The newest answer for one name, and when each family was answered, on the monotonic clock: TTLs differ. */
export interface AnsweredName {
  readonly resolution: NameResolution;
  readonly answeredAtMs: Readonly<Record<AddressFamily, number>>;
}

/** The addresses of a target's names now. */
export interface NameView {
  readonly memory: NameMemory;
  /** By {@link sourceKey}, for `candidatesOf`. */
  readonly known: ReadonlyMap<string, readonly KnownAddress[]>;
  /** Names whose answers lack something, with the reason. Reported even if held addresses replace what is missing. */
  readonly troubles: readonly NameTrouble[];
  /** When the next hold ends, on the monotonic clock; Infinity: none does. */
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
   * Undefined: there is no memory of this target (first decision, or lost state). Then every address that the Service
   * serves now counts as known to each name, so a lost memory drains nothing.
   */
  readonly previous: NameMemory | undefined;
  /** Only in the first decision after another process: the sources of the addresses that it published. */
  readonly recoveredSources?: Sources | undefined;
  /** By {@link sourceKey}. A name without an answer keeps its addresses. */
  readonly answers: ReadonlyMap<string, AnsweredName>;
  /** Each address and port that the Service serves now, ready or not, once. */
  readonly served: readonly ServedAddress[];
  /** Those of them that are ours. */
  readonly published: readonly ServedAddress[];
  /** False only for an unhealthy address. */
  readonly isHealthy: (at: AddressToCheck) => boolean;
  readonly nowMs: number;
}

type NamedSource = HostSource | SrvSource;

/** Applies the newest answers. Each name and family is independent: a failure of one does not stop another. */
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

/** Addresses that count as known to each name although no name is remembered to have had them. */
function unrememberedOf({
  target,
  previous,
  recoveredSources,
  served,
  published,
}: NameInput): ServedAddress[] {
  if (previous !== undefined) {
    if (recoveredSources === undefined) return [];
    const remembered = [...previous.values()].flatMap((families) => Object.values(families));
    return recoveredFrom(recoveredSources, target, remembered, published);
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
  const recovered = answersFrom(source, input.target, unremembered, family);
  return holdAddresses(before, observation, input.hold, isHealthy, input.nowMs, recovered);
}

/** Before the first answer a name counts as one that no server answers. */
const NOT_ANSWERED = { outcome: 'unresolved', reason: 'QueryTimeout', message: 'not answered yet' } as const;

/**
 * Addresses of a host are served on the target's ports, addresses of an SRV name on the ports of its records. Without
 * this distinction a lost memory would publish the addresses of one source on the ports of another.
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

/** None if one family has a good answer: an IPv4-only name has no AAAA records. */
function absencesOf(families: readonly Resolution[]): Absence[] {
  const absences = families.filter((each) => each.outcome !== 'resolved');
  const [worst = absences[0]] = absences.filter(({ outcome }) => outcome === 'unresolved');
  const isTrouble = absences.length === families.length || worst?.outcome === 'unresolved';
  return isTrouble && worst !== undefined ? [worst] : [];
}

/** SRV targets without an address in any family, or unresolved in one. */
function missingTargets(families: readonly Resolution[]): Absence[] {
  const answers = families.filter((each) => each.outcome === 'resolved');
  const missing = Map.groupBy(
    answers.flatMap((answer) => answer.missing ?? []),
    ({ host }) => host,
  );
  return [...missing.values()].flatMap((absences) => {
    const unresolved = absences.find(({ absence }) => absence.outcome === 'unresolved');
    const everywhere = absences.length === answers.length ? absences[0] : undefined;
    const worst = unresolved ?? everywhere;
    return worst === undefined ? [] : [worst.absence];
  });
}

function cutOf({ answers, cutFrom }: Resolved): Pick<NameTrouble, 'reason' | 'message'>[] {
  if (cutFrom === undefined) return [];
  const message = `the answer has ${cutFrom} addresses, of which ${answers.length} are used`;
  return [{ reason: 'TooManyAddresses', message }];
}

import { DEFAULT_GUARDS, type Guards, refusalOf } from '../model/guards.ts';
import { keyOf, type SourceLocation, type Target } from '../model/target.ts';
import { MAX_TARGETS } from './limits.ts';
import { type ConfigProblem, problemOfSource, quoted, sortedProblems } from './problem.ts';
import type { GivenList, SourcePart } from './source.ts';
import {
  type DeclaredGuards,
  type DeclaredName,
  type PartTarget,
  parsePart,
  type TargetListPart,
} from './target-list-part.ts';

/** A complete target list, merged from one or more parts. */
export interface TargetList {
  /** In the order of the parts, and of the targets within each part. */
  readonly targets: readonly Target[];
  readonly guards: Guards;
  /** What the parts belong to, in their order. */
  readonly lists: readonly DeclaredList[];
}

/** One list. */
export interface DeclaredList {
  /** As given on the command line. */
  readonly given: string;
  /** Absent: it has no name, and deletes nothing. */
  readonly name?: string;
}

/** A name for each list, and one for all those that have none: a name has no space, so it is never that one. */
export function listIdsOf(lists: readonly DeclaredList[]): readonly string[] {
  const named = new Set(lists.flatMap(({ name }) => name ?? []));
  const unnamed = lists.filter(({ name }) => name === undefined).map(({ given }) => given);
  return unnamed.length === 0 ? [...named] : [...named, `unnamed ${unnamed.toSorted().join(',')}`];
}

export interface MergeOptions {
  /** `--list-name`: all parts together are one list of this name. */
  readonly listName?: string | undefined;
  /** Lists that are given although no part of them may be left. */
  readonly givenLists?: readonly GivenList[];
}

/**
 * `EmptyTargetList` is a valid list without targets. `run --allow-empty` accepts it; an invalid list is never
 * accepted.
 */
export type TargetListResult =
  | { readonly ok: true; readonly list: TargetList }
  | {
      readonly ok: false;
      readonly reason: 'EmptyTargetList';
      readonly problems: readonly ConfigProblem[];
      /** Without targets. */
      readonly list: TargetList;
    }
  | { readonly ok: false; readonly reason: 'InvalidTargetList'; readonly problems: readonly ConfigProblem[] };

/** Parses a list of a single text. */
export function parseTargetList(text: string, source: string): TargetListResult {
  return mergeTargetLists([parsePart(text, source, { given: source })]);
}

/** Merges parts of several sources into one list, and checks the rules that concern all parts together. */
export function mergeTargetLists(
  given: readonly TargetListPart[],
  options: MergeOptions = {},
): TargetListResult {
  const parts = given.filter(({ source }, at) => given.findIndex((part) => part.source === source) === at);
  const guards = parts.flatMap((part) => part.guards ?? []);
  const active = guards[0]?.guards ?? DEFAULT_GUARDS;
  const targets = parts.flatMap((part) => part.targets);
  const sources = parts.map((part) => part.source);
  const problems = [
    ...parts.flatMap((part) => part.problems),
    ...repeatedSources(given),
    ...repeatedTargets(parts),
    ...guardsThatDiffer(guards),
    ...namesThatDiffer(parts, options),
    ...tooManyTargets(parts),
    ...targets.flatMap((target) => refusedAddresses(target, active)),
  ];
  if (problems.length > 0) {
    return { ok: false, reason: 'InvalidTargetList', problems: sortedProblems(problems, sources) };
  }
  const lists = listsOf(parts, options);
  const list = {
    targets: parts.flatMap((part) => targetsIn(part, lists.get(part.list.given)?.name)),
    guards: active,
    lists: [...new Set(lists.values())],
  };
  if (targets.length > 0) return { ok: true, list };
  return { ok: false, reason: 'EmptyTargetList', list, problems: sources.map(emptyProblem) };
}

/** By what was given on the command line. */
function listsOf(
  parts: readonly TargetListPart[],
  { listName, givenLists = [] }: MergeOptions,
): ReadonlyMap<string, DeclaredList> {
  const all = [...parts.map(({ list }) => list), ...givenLists];
  if (listName !== undefined) {
    const one: DeclaredList = { given: '--list-name', name: listName };
    return new Map(all.map(({ given }) => [given, one]));
  }
  const lists = new Map<string, DeclaredList>();
  for (const { given, name } of all) {
    if (lists.has(given)) continue;
    const written = parts.find((part) => part.list.given === given && part.name !== undefined)?.name?.name;
    const called = name ?? written;
    lists.set(given, called === undefined ? { given } : { given, name: called });
  }
  return lists;
}

function targetsIn({ targets }: TargetListPart, list: string | undefined): readonly Target[] {
  return targets.map(({ target }) => (list === undefined ? target : { ...target, list }));
}

/** The files of one directory are one list, so they cannot have two names. */
function namesThatDiffer(parts: readonly TargetListPart[], { listName }: MergeOptions): ConfigProblem[] {
  if (listName !== undefined) return [];
  const first = new Map<string, DeclaredName>();
  const problems: ConfigProblem[] = [];
  for (const { list, name: declared } of parts) {
    if (declared === undefined || list.name !== undefined) continue;
    const other = first.get(list.given) ?? declared;
    first.set(list.given, other);
    if (other.name === declared.name) continue;
    problems.push({
      location: declared.location,
      path: 'metadata.name',
      found: quoted(declared.name),
      expected: 'one name for all files of the list',
      message: `${list.given} is one list, and is called ${quoted(other.name)} at ${formatLocation(other.location)}`,
    });
  }
  return problems;
}

function emptyProblem(source: string): ConfigProblem {
  return { ...problemOfSource(source, 'the list has no targets'), path: 'targets', found: 'no targets' };
}

function repeatedSources(parts: readonly TargetListPart[]): ConfigProblem[] {
  const sources = parts.map((part) => part.source);
  const repeated = new Set(sources.filter((source, at) => sources.indexOf(source) < at));
  return [...repeated].map((source) => problemOfSource(source, 'this source is given twice'));
}

function repeatedTargets(parts: readonly TargetListPart[]): ConfigProblem[] {
  const first = new Map<string, SourceLocation>();
  const problems: ConfigProblem[] = [];
  for (const { name, namespace, path, location } of parts.flatMap((part) => part.declarations)) {
    const key = keyOf({ namespace, name });
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, location);
      continue;
    }
    problems.push({
      location,
      path,
      found: quoted(name),
      expected: 'one target for each Service',
      message: `${key} is declared twice, first at ${formatLocation(other)}`,
    });
  }
  return problems;
}

/** `list.yaml:3:5`. */
export function formatLocation({ source, line, column }: SourceLocation): string {
  return line === 0 ? source : `${source}:${line}:${column}`;
}

function guardsThatDiffer(declared: readonly DeclaredGuards[]): ConfigProblem[] {
  const [first, ...others] = declared;
  if (first === undefined) return [];
  return others
    .filter(({ guards }) => comparable(guards) !== comparable(first.guards))
    .map(({ location }) => ({
      location,
      path: 'guards',
      found: 'other guards',
      expected: 'the same guards in all parts, or in one',
      message: `these guards differ from those at ${formatLocation(first.location)}; guards apply to all targets`,
    }));
}

function comparable(guards: Guards): string {
  const texts = (ranges: Guards['allowedCidrs']): string[] => ranges.map(({ text }) => text).toSorted();
  return JSON.stringify({
    ...guards,
    allowedCidrs: texts(guards.allowedCidrs),
    deniedCidrs: texts(guards.deniedCidrs),
  });
}

function tooManyTargets(parts: readonly TargetListPart[]): ConfigProblem[] {
  const count = parts.reduce((sum, part) => sum + part.targets.length, 0);
  if (count <= MAX_TARGETS) return [];
  const message = `all parts together have ${count} targets; the limit is ${MAX_TARGETS}`;
  return [
    { ...problemOfSource(parts.at(-1)?.source ?? '', message), path: 'targets', found: `${count} targets` },
  ];
}

function refusedAddresses({ target, path }: PartTarget, guards: Guards): ConfigProblem[] {
  return target.endpoints.flatMap((endpoint, at) => {
    const refusal = endpoint.kind === 'address' ? refusalOf(endpoint.address, guards) : undefined;
    if (endpoint.kind !== 'address' || refusal === undefined) return [];
    return [
      {
        location: endpoint.declaredAt,
        path: `${path}.endpoints[${at}].address`,
        found: quoted(endpoint.address),
        expected: 'an address that the guards allow',
        message: `${endpoint.address} is refused: ${refusal.message}`,
      },
    ];
  });
}

/** Parses all parts of a source. An unreadable part is a problem of the list. */
export function readTargetList(parts: readonly SourcePart[], options?: MergeOptions): TargetListResult {
  return mergeTargetLists(parts.map(partOf), options);
}

/** Parses one part, for callers that keep the last valid part of each source. */
export function partOf(part: SourcePart): TargetListPart {
  const { source, list = { given: source } } = part;
  if (part.ok) return parsePart(part.text, source, list);
  const problems = [problemOfSource(source, part.message)];
  return { source, list, name: undefined, targets: [], guards: undefined, declarations: [], problems };
}

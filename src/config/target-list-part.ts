import type * as z from 'zod';
import type { Guards } from '../model/guards.ts';
import type { SourceLocation, Target } from '../model/target.ts';
import type { Report } from './field-rules.ts';
import { guardsFrom, guardsSchema } from './guards.ts';
import { MAX_PROBLEMS, MAX_TARGETS } from './limits.ts';
import { type ConfigProblem, describeValue, formatPath, type Path, problemOfSource } from './problem.ts';
import {
  defaultsSchema,
  envelopeSchema,
  KIND,
  metadataSchema,
  targetSchema,
  type WrittenDefaults,
} from './schema.ts';
import { problemsOfIssue, valueAt } from './schema-issue.ts';
import type { GivenList } from './source.ts';
import { DEFAULT_NAMESPACE, targetFrom } from './target.ts';
import { readYaml, type YamlDocument } from './yaml-document.ts';

/** The declarations of one text: a file or a key of a ConfigMap. It is invalid when it has problems. */
export interface TargetListPart {
  readonly source: string;
  readonly list: GivenList;
  /** Its `metadata.name`. */
  readonly name: DeclaredName | undefined;
  readonly targets: readonly PartTarget[];
  readonly guards: DeclaredGuards | undefined;
  readonly problems: readonly ConfigProblem[];
  /** Every target with a name, invalid ones too, so that duplicate names are reported at once. */
  readonly declarations: readonly Declaration[];
}

export interface PartTarget {
  readonly target: Target;
  /** `targets[3]`. */
  readonly path: string;
}

export interface Declaration {
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  readonly location: SourceLocation;
}

export interface DeclaredName {
  readonly name: string;
  readonly location: SourceLocation;
}

export interface DeclaredGuards {
  readonly guards: Guards;
  readonly location: SourceLocation;
}

/** The text that the functions below read, and the problems that they collect. */
interface Reading {
  readonly source: string;
  readonly document: YamlDocument;
  readonly problems: ConfigProblem[];
}

/**
 * Parses one text of a target list; `source` is its name in messages. Never throws. The time is linear in the
 * length of the text, which must be below 5 MiB.
 */
export function parsePart(text: string, source: string, list: GivenList): TargetListPart {
  const { document, problems } = readYaml(text, source);
  const nothing = { source, list, name: undefined, targets: [], guards: undefined, declarations: [] };
  if (document === undefined) return { ...nothing, problems };
  const reading: Reading = { source, document, problems: problems.slice(0, 2 * MAX_PROBLEMS) };
  const manifest = manifestProblem(reading);
  if (manifest !== undefined) return { ...nothing, problems: [manifest] };

  checked(reading, envelopeSchema, []);
  const defaults = isWritten(document, 'defaults') ? checked(reading, defaultsSchema, ['defaults']) : {};
  const written = valueAt(document.value, ['targets']);
  const items = Array.isArray(written) && written.length <= MAX_TARGETS ? written : [];
  return {
    source,
    list,
    name: readName(reading),
    targets: items.flatMap((_, at) => readTarget(reading, at, defaults)),
    guards: readGuards(reading),
    declarations: items.flatMap((_, at) => declarationOf(document, at)),
    problems: reading.problems,
  };
}

/** The problem of a text that is a Kubernetes manifest, such as a ConfigMap instead of the list in its data. */
function manifestProblem({ source, document }: Reading): ConfigProblem | undefined {
  const kind = valueAt(document.value, ['kind']);
  if (kind === KIND || typeof kind !== 'string' || valueAt(document.value, ['metadata']) === undefined)
    return undefined;
  const hint = kind === 'ConfigMap' ? 'pass the list that its data contains' : undefined;
  return {
    ...problemOfSource(source, `this is a Kubernetes object of kind ${kind}, not a target list`, hint),
    location: document.locate(['kind']),
    path: 'kind',
    found: describeValue(kind),
    expected: KIND,
  };
}

/** The value at `path` when the schema accepts it. Otherwise undefined, and each issue becomes a problem. */
function checked<T extends z.ZodType>(reading: Reading, schema: T, path: Path): z.infer<T> | undefined {
  const result = schema.safeParse(valueAt(reading.document.value, path));
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    if (isFull(reading)) break;
    const placed = { ...issue, path: [...path, ...issue.path] };
    for (const problem of problemsOfIssue(placed, reading.document)) reading.problems.push(problem);
  }
  return undefined;
}

/** Bounds the time to describe problems: a list may have 100,000 of them. */
function isFull({ problems }: Reading): boolean {
  return problems.length >= 2 * MAX_PROBLEMS;
}

function isWritten(document: YamlDocument, section: string): boolean {
  return valueAt(document.value, [section]) !== undefined;
}

function readName(reading: Reading): DeclaredName | undefined {
  const { document } = reading;
  if (!isWritten(document, 'metadata')) return undefined;
  const metadata = checked(reading, metadataSchema, ['metadata']);
  return metadata && { name: metadata.name, location: document.locate(['metadata', 'name']) };
}

function readGuards(reading: Reading): DeclaredGuards | undefined {
  const { document } = reading;
  if (!isWritten(document, 'guards')) return undefined;
  const guards = checked(reading, guardsSchema, ['guards']);
  return guards && { guards: guardsFrom(guards), location: document.locateKey(['guards']) };
}

/** The target at an index; none when it is invalid. */
function readTarget(reading: Reading, at: number, defaults: WrittenDefaults | undefined): PartTarget[] {
  const { document } = reading;
  const path = ['targets', at];
  if (isFull(reading)) return [];
  const written = checked(reading, targetSchema, path);
  // Without valid defaults the fields of a target cannot be compared.
  if (written === undefined || defaults === undefined) return [];
  const report: Report = (field, { atKey, ...problem }) => {
    const own = [...path, ...field];
    const inherited = ['defaults', ...field];
    const isOwn =
      valueAt(document.value, own) !== undefined || valueAt(document.value, inherited) === undefined;
    const origin = isOwn ? own : inherited;
    reading.problems.push({
      ...problem,
      location: atKey ? document.locateKey(origin) : document.locate(origin),
      path: formatPath(origin),
      found: describeValue(valueAt(document.value, origin)),
      message: isOwn ? problem.message : `${problem.message} (for ${formatPath(path)}, ${written.name})`,
    });
  };
  const places = {
    target: document.locateKey(path),
    locate: (field: Path) => document.locate([...path, ...field]),
  };
  return [{ target: targetFrom(written, defaults, places, report), path: formatPath(path) }];
}

function declarationOf(document: YamlDocument, at: number): Declaration[] {
  const path = ['targets', at];
  const name = valueAt(document.value, [...path, 'name']);
  const namespace =
    valueAt(document.value, [...path, 'namespace']) ??
    valueAt(document.value, ['defaults', 'namespace']) ??
    DEFAULT_NAMESPACE;
  if (typeof name !== 'string' || typeof namespace !== 'string') return [];
  return [
    { name, namespace, path: formatPath([...path, 'name']), location: document.locate([...path, 'name']) },
  ];
}

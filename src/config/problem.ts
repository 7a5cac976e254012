import type { SourceLocation } from '../model/target.ts';
import { MAX_PROBLEMS } from './limits.ts';

/** One error in a target list. */
export interface ConfigProblem {
  /** Line and column are 0 when the problem concerns the whole source, such as an unreadable file. */
  readonly location: SourceLocation;
  /** Such as `targets[3].ports[0].port`; empty when the text is not a list at all. */
  readonly path: string;
  /** The value, quoted and shortened. */
  readonly found: string;
  /** The allowed values: follows "expected" in messages. */
  readonly expected: string;
  /** The whole problem in one line, without location and path. */
  readonly message: string;
  /** What to write instead. */
  readonly hint?: string;
}

export type Path = readonly (string | number)[];

/** `['targets', 3, 'labels', 'a.b/c']` is written `targets[3].labels["a.b/c"]`. */
export function formatPath(path: Path): string {
  return path.map((step, at) => formatStep(step, at === 0)).join('');
}

function formatStep(step: string | number, first: boolean): string {
  if (typeof step === 'number') return `[${step}]`;
  if (!/^[A-Za-z_][\w-]*$/.test(step)) return `[${quoted(step)}]`;
  return first ? step : `.${step}`;
}

const MAX_FOUND_LENGTH = 80;

/** A value for messages: scalars as written, collections by their size. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value !== 'object') return String(value);
  return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping';
}

/** In double quotes and safe for a terminal: control and direction characters are escaped. */
export function quoted(text: string): string {
  const cut = text.length > MAX_FOUND_LENGTH ? `${text.slice(0, MAX_FOUND_LENGTH)}…` : text;
  return `"${cut.replace(/["\\]/g, '\\$&').replace(UNPRINTABLE, escaped)}"`;
}

/** Controls, invisible and direction-changing characters, lone surrogates. */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}

/**
 * Sorted by source, in the given order, then by location. At most 1,000, followed by one that says that there are
 * more.
 */
export function sortedProblems(
  problems: readonly ConfigProblem[],
  sources: readonly string[],
): ConfigProblem[] {
  const rank = new Map(sources.map((source, at) => [source, at]));
  const sorted = problems.toSorted(
    (a, b) =>
      (rank.get(a.location.source) ?? sources.length) - (rank.get(b.location.source) ?? sources.length) ||
      a.location.line - b.location.line ||
      a.location.column - b.location.column ||
      (a.path < b.path ? -1 : a.path > b.path ? 1 : 0),
  );
  const distinct = sorted.filter((problem, at) => !isRepeated(problem, sorted[at - 1]));
  const next = distinct[MAX_PROBLEMS];
  if (next === undefined) return distinct;
  const { location } = next;
  const more = { ...problemOfSource(location.source, 'more problems follow; they are not listed'), location };
  return [...distinct.slice(0, MAX_PROBLEMS), more];
}

/** zod reports a string in place of a list twice: for its type, and for its length. */
function isRepeated(a: ConfigProblem, b: ConfigProblem | undefined): boolean {
  return (
    b !== undefined && a.path === b.path && a.message === b.message && a.location.line === b.location.line
  );
}

/** A problem that concerns a whole source. */
export function problemOfSource(source: string, message: string, hint?: string): ConfigProblem {
  return {
    location: { source, line: 0, column: 0 },
    path: '',
    found: '',
    expected: 'a target list',
    message,
    ...(hint === undefined ? {} : { hint }),
  };
}

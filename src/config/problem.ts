import type { SourceLocation } from '../model/target.ts';
import { MAX_PROBLEMS } from './limits.ts';

/** One thing that is wrong with a target list, for a person to put right. */
export interface ConfigProblem {
  /** Line and column 0 stand for the source as a whole, for instance a file that cannot be read. */
  readonly location: SourceLocation;
  /** Such as `targets[3].ports[0].port`; empty where the text is no list at all. */
  readonly path: string;
  /** What stands there, quoted and cut to a readable length. */
  readonly found: string;
  /** What may stand there, to be read after "expected". */
  readonly expected: string;
  /** The whole problem in one line, without location and path. */
  readonly message: string;
  /** What to write instead, or where to look. */
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

/** A value of the list in words: scalars as written, collections by their size. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value !== 'object') return String(value);
  return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping';
}

/** In double quotes and harmless on a terminal: control and direction characters are spelled out. */
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
 * In the order of the text, sources in the given order; at most 1,000 and then one that says that there are
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
  const distinct = sorted.filter((problem, at) => !saysTheSame(problem, sorted[at - 1]));
  const next = distinct[MAX_PROBLEMS];
  if (next === undefined) return distinct;
  const { location } = next;
  const more = { ...problemOfSource(location.source, 'from here on problems are not listed'), location };
  return [...distinct.slice(0, MAX_PROBLEMS), more];
}

/** zod tells a text in place of a list twice: of its type, and of its length. */
function saysTheSame(a: ConfigProblem, b: ConfigProblem | undefined): boolean {
  return (
    b !== undefined && a.path === b.path && a.message === b.message && a.location.line === b.location.line
  );
}

/** A problem of a whole source. */
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

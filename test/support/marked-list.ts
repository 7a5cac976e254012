import type { ConfigProblem } from '../../src/config/problem.ts';
import { parseTargetList, type TargetListResult } from '../../src/config/target-list.ts';

/** Stands before the character that a problem should point at, and is not part of the text. */
const MARK = '¦';

const HEAD = 'apiVersion: external-endpoints/v1\nkind: TargetList\n';

/** A target that is in order but for what `fields` (lines at its level) say. */
export function targetWith(
  fields: string,
  { ports = '[{ port: 80 }]', endpoints = '[{ address: 10.0.0.1 }]' } = {},
) {
  return `${HEAD}targets:\n  - name: web\n    ports: ${ports}\n    endpoints: ${endpoints}\n${indented(fields, 4)}`;
}

/** A list with one target that is in order, and what `fields` say beside it. */
export function listWith(fields: string): string {
  return `${targetWith('')}${fields}\n`;
}

function indented(text: string, by: number): string {
  return text
    .split('\n')
    .map((line) => `${' '.repeat(by)}${line}\n`)
    .join('');
}

export interface MarkedText {
  readonly text: string;
  /** `LINE:COLUMN` of each mark. */
  readonly places: readonly string[];
}

export function withoutMarks(marked: string): MarkedText {
  const parts = marked.split(MARK);
  let text = parts[0] ?? '';
  const places: string[] = [];
  for (const part of parts.slice(1)) {
    const lines = text.split('\n');
    places.push(`${lines.length}:${(lines.at(-1) ?? '').length + 1}`);
    text += part;
  }
  return { text, places };
}

/** The problems of a marked text, and the places where marks say they should be. */
export function problemsIn(marked: string): {
  problems: readonly ConfigProblem[];
  places: readonly string[];
} {
  const { text, places } = withoutMarks(marked);
  return { problems: problemsOf(parseTargetList(text, 'list.yaml')), places };
}

export function problemsOf(result: TargetListResult): readonly ConfigProblem[] {
  return result.ok ? [] : result.problems;
}

export function placeOf({ location }: ConfigProblem): string {
  return `${location.line}:${location.column}`;
}

/** A list with one problem, and what is to be said of it. */
export interface ListCase {
  /** What is wrong, as it stands in the list. */
  readonly title: string;
  readonly marked: string;
  readonly path: string;
  readonly message: string | RegExp;
  readonly hint?: string | undefined;
}

export function whole(marked: string, path: string, message: string | RegExp, hint?: string): ListCase {
  return { title: JSON.stringify(marked), marked, path, message, hint };
}

/** `fields` stand beside the targets. */
export function list(fields: string, path: string, message: string | RegExp, hint?: string): ListCase {
  return { title: fields, marked: listWith(fields), path, message, hint };
}

/** `fields` stand in the one target; `path` begins below it. */
export function target(fields: string, path: string, message: string | RegExp, hint?: string): ListCase {
  return { title: fields, marked: targetWith(fields), path: `targets[0]${path}`, message, hint };
}

export function ports(text: string, path: string, message: string | RegExp, hint?: string): ListCase {
  const marked = targetWith('', { ports: text });
  return { title: text, marked, path: `targets[0].ports${path}`, message, hint };
}

export function endpoints(text: string, path: string, message: string | RegExp, hint?: string): ListCase {
  const marked = targetWith('', { endpoints: text });
  return { title: text, marked, path: `targets[0].endpoints${path}`, message, hint };
}

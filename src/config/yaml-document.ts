import type { ParsedNode, YAMLError } from 'yaml';
import type { SourceLocation } from '../model/target.ts';
import { MAX_LIST_BYTES } from './limits.ts';
import { type ConfigProblem, formatPath, type Path, problemOfSource, quoted } from './problem.ts';
import { composeOne, isRefusal, NOT_YAML } from './yaml-composition.ts';
import { type NodeProblem, YamlNodes } from './yaml-nodes.ts';

/** One YAML document as plain values, with the place of each. */
export interface YamlDocument {
  readonly value: unknown;
  /** Of the value at `path`, followed through aliases; of the nearest one above it where there is none. */
  locate(path: Path): SourceLocation;
  /** Of the key that ends `path`, or of the item as it stands in its list (an alias is not followed). */
  locateKey(path: Path): SourceLocation;
}

export interface YamlReading {
  /** Undefined when the text cannot be read at all. */
  readonly document: YamlDocument | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** A slip of the pen breaks what follows it too: later errors of one text say little. */
const MAX_SYNTAX_PROBLEMS = 10;

/**
 * Reads exactly one YAML 1.2 document (JSON is YAML) in time linear in its length. The library's own
 * checks for duplicate keys and alias bombs are not used: the first is quadratic in the size of a mapping,
 * the second forbids to use one anchor more than so many times, as a list with a shared section does.
 */
export function readYaml(text: string, source: string): YamlReading {
  const tooLarge = sizeProblem(text, source);
  if (tooLarge !== undefined) return unreadable(tooLarge);
  const reading = composeOne(text);
  const lines = new LineIndex(text);
  const at: Locator = (offset) => ({ source, ...lines.positionOf(Math.min(offset, text.length)) });
  if (isRefusal(reading)) {
    const { offset, message, hint } = reading;
    return unreadable({ ...problemOfSource(source, message, hint), location: at(offset) });
  }
  if (reading === undefined) return unreadable({ ...problemOfSource(source, EMPTY_TEXT), location: at(0) });
  const errors = [...reading.errors, ...reading.warnings].slice(0, MAX_SYNTAX_PROBLEMS);
  if (errors.length > 0) return unreadable(...errors.map((error) => syntaxProblem(error, text, at)));
  return readNodes(reading.contents, at);
}

type Locator = (offset: number) => SourceLocation;

const EMPTY_TEXT = 'the text is empty; a target list has apiVersion, kind and targets';

function unreadable(...problems: ConfigProblem[]): YamlReading {
  return { document: undefined, problems };
}

function syntaxProblem(error: YAMLError, text: string, at: Locator): ConfigProblem {
  // What is missing at the end is missing after the last word, not on some blank line below it.
  const start = Math.min(error.pos[0], text.trimEnd().length);
  const rest = text.slice(start, start + 100).split('\n')[0] ?? '';
  const tab = error.code === 'TAB_AS_INDENT' || /\btabs?\b/i.test(error.message);
  return {
    location: at(start),
    path: '',
    found: rest.trim() === '' ? 'the end of the line' : quoted(rest),
    expected: 'valid YAML 1.2',
    message: tab ? 'a tab cannot indent YAML' : `${NOT_YAML}: ${error.message}`,
    ...(tab ? { hint: 'indent with spaces' } : {}),
  };
}

function readNodes(contents: ParsedNode | null, at: Locator): YamlReading {
  const nodes = new YamlNodes(contents);
  return {
    document: {
      value: nodes.value,
      locate: (path) => at(nodes.find(path).value),
      locateKey: (path) => at(nodes.find(path).key),
    },
    problems: nodes.problems.map((problem) => toConfigProblem(problem, at)),
  };
}

function toConfigProblem(problem: NodeProblem, at: Locator): ConfigProblem {
  const { path, offset, firstOffset, ...words } = problem;
  const first = firstOffset === undefined ? '' : `, first in line ${at(firstOffset).line}`;
  return {
    expected: 'YAML in which everything is said once',
    ...words,
    location: at(offset),
    path: formatPath(path),
    message: words.message + first,
  };
}

/** Also used by sources that know the size before they read. */
export function tooLargeMessage(bytes: number): string {
  const mib = (bytes / 1024 / 1024).toFixed(1);
  return `the list has ${bytes} bytes (${mib} MiB); one list is smaller than ${MAX_LIST_BYTES} bytes (5 MiB)`;
}

function sizeProblem(text: string, source: string): ConfigProblem | undefined {
  // A UTF-16 unit is at least one byte of UTF-8, so counting is only needed in between.
  if (text.length * 3 < MAX_LIST_BYTES) return undefined;
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes < MAX_LIST_BYTES) return undefined;
  return problemOfSource(source, tooLargeMessage(bytes), 'split it: several lists are read as one');
}

/**
 * Lines and columns of a text, both from 1, in UTF-16 units. The YAML library's own counter misses line ends
 * in some broken texts, which are the ones that are looked up here.
 */
export class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  /** Of the character at `offset`, which is not negative. */
  positionOf(offset: number): { readonly line: number; readonly column: number } {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}

import type { ParsedNode, YAMLError } from 'yaml';
import type { SourceLocation } from '../model/target.ts';
import { MAX_LIST_BYTES } from './limits.ts';
import { type ConfigProblem, formatPath, type Path, problemOfSource, quoted } from './problem.ts';
import { composeOne, isRefusal, NOT_YAML } from './yaml-composition.ts';
import { type NodeProblem, YamlNodes } from './yaml-nodes.ts';

/** A YAML document as plain values, with the location of each. */
export interface YamlDocument {
  readonly value: unknown;
  /** The location of the value at `path`, with aliases followed, or of its nearest existing ancestor. */
  locate(path: Path): SourceLocation;
  /** The location of the key at the end of `path`, or of the list item there. Does not follow an alias. */
  locateKey(path: Path): SourceLocation;
}

export interface YamlReading {
  /** Undefined when the text cannot be parsed at all. */
  readonly document: YamlDocument | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** A syntax error causes others after it, so only the first ones are reported. */
const MAX_SYNTAX_PROBLEMS = 10;

/**
 * Parses exactly one YAML 1.2 document (JSON is YAML) in time linear in its length. The library's own checks for
 * duplicate keys and alias bombs are off. The first is quadratic in the size of a mapping. The second limits the
 * uses of one anchor, and a list may use a shared section thousands of times.
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
  // Report a missing end after the last word, not on an empty line below it.
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
    expected: 'valid YAML 1.2 with unique keys',
    ...words,
    location: at(offset),
    path: formatPath(path),
    message: words.message + first,
  };
}

/** Also for sources that know the size before they read the text. */
export function tooLargeMessage(bytes: number): string {
  const mib = (bytes / 1024 / 1024).toFixed(1);
  return `the list has ${bytes} bytes (${mib} MiB); it must have fewer than ${MAX_LIST_BYTES} bytes (5 MiB)`;
}

function sizeProblem(text: string, source: string): ConfigProblem | undefined {
  // A UTF-16 unit has at most three bytes in UTF-8, so short texts need no counting.
  if (text.length * 3 < MAX_LIST_BYTES) return undefined;
  const bytes = Buffer.byteLength(text, 'utf8');
  if (bytes < MAX_LIST_BYTES) return undefined;
  return problemOfSource(
    source,
    tooLargeMessage(bytes),
    'split the list: several parts are read as one list',
  );
}

/**
 * Lines and columns of a text, both from 1, in UTF-16 units. The YAML library's own counter misses line ends in
 * some invalid texts.
 */
export class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  /** The position of the character at `offset`, which is not negative. */
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

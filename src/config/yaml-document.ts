import { Composer, type Document, Lexer, LineCounter, type ParsedNode, Parser, type YAMLError } from 'yaml';
import type { SourceLocation } from '../target/target.ts';
import { MAX_DEPTH, MAX_LIST_BYTES, MAX_TOKENS } from './limits.ts';
import { type ConfigProblem, formatPath, type Path, problemOfSource, quoted } from './problem.ts';
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
  const lines = new LineCounter();
  const at: Locator = (offset) => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { source, line, column: col };
  };
  const reading = withoutStackTraces(() => composed(text, lines));
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

const NOT_YAML = 'this is not valid YAML';
const EMPTY_TEXT = 'the text is empty; a target list has apiVersion, kind and targets';

function unreadable(...problems: ConfigProblem[]): YamlReading {
  return { document: undefined, problems };
}

/** What ends the reading at once, because to go on would cost too much or mean nothing. */
interface Refusal {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

function isRefusal(reading: Document.Parsed | Refusal | undefined): reading is Refusal {
  return reading !== undefined && 'message' in reading;
}

/**
 * The library makes an Error of each thing wrong in a text, and taking the stack of half a million of them
 * would take ten times as long as the reading. Their messages are all that is used.
 */
function withoutStackTraces<T>(read: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return read();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/**
 * The one document of the text; undefined when all are empty. Goes token by token, so that a text that is
 * too much is found out before it has taken its time.
 */
function composed(text: string, lines: LineCounter): Document.Parsed | Refusal | undefined {
  const composer = new Composer({ schema: 'core', stringKeys: true, uniqueKeys: false, prettyErrors: false });
  const parser = new Parser(lines.addNewLine);
  const only = new OnlyDocument();
  let tokens = 0;
  lines.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    tokens += 1;
    const tooMuch = excess(parser, tokens);
    if (tooMuch !== undefined) return tooMuch;
    for (const token of parser.next(lexeme)) {
      if (token.type === 'directive' && token.source.trim() !== '%YAML 1.2') {
        return {
          offset: token.offset,
          message: 'directives such as %YAML are not read',
          hint: 'remove the line',
        };
      }
      // What follows a broken sign is mostly broken because of it, and a million errors take their time.
      if (token.type === 'error') return { offset: token.offset, message: `${NOT_YAML}: ${token.message}` };
      if (only.isDecidedBy(composer.next(token))) return only.result;
    }
  }
  for (const token of parser.end()) {
    if (only.isDecidedBy(composer.next(token))) return only.result;
  }
  only.isDecidedBy(composer.end(true, text.length));
  return only.result;
}

function excess(parser: Parser, tokens: number): Refusal | undefined {
  const { offset } = parser;
  if (parser.stack.length > MAX_DEPTH) {
    return { offset, message: `more than ${MAX_DEPTH} values stand inside each other` };
  }
  if (tokens <= MAX_TOKENS) return undefined;
  const message = `the text has more than ${MAX_TOKENS} YAML tokens up to here`;
  return { offset, message, hint: 'split it: several lists are read as one' };
}

/** Templates leave empty documents behind, which do no harm; a file of nothing else is not read to its end. */
const MAX_EMPTY_DOCUMENTS = 100;

/** Takes the documents of a text until it is decided which one is read, or why none is. */
class OnlyDocument {
  result: Document.Parsed | Refusal | undefined;
  #empty = 0;

  /** True when nothing that follows can change the result. */
  isDecidedBy(documents: Iterable<Document.Parsed>): boolean {
    for (const document of documents) {
      if (document.contents === null && document.errors.length === 0) {
        this.#empty += 1;
        if (this.#empty <= MAX_EMPTY_DOCUMENTS) continue;
        this.result = {
          offset: document.range[0],
          message: `more than ${MAX_EMPTY_DOCUMENTS} empty documents`,
        };
        return true;
      }
      if (this.result !== undefined) {
        const offset = document.contents?.range[0] ?? document.range[0];
        const hint = 'a target list is one document: put the second into a file or ConfigMap key of its own';
        this.result = { offset, message: 'a second YAML document begins here', hint };
        return true;
      }
      this.result = document;
      if (document.errors.length > 0) return true;
    }
    return false;
  }
}

function syntaxProblem(error: YAMLError, text: string, at: Locator): ConfigProblem {
  const [start] = error.pos;
  const rest = text.slice(start, start + 100).split('\n')[0] ?? '';
  const tab = error.code === 'TAB_AS_INDENT' || /\btabs?\b/i.test(error.message);
  return {
    location: at(start),
    path: '',
    found: rest === '' ? 'the end of the line' : quoted(rest),
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

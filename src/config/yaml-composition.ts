import { Composer, type Document, isScalar, Lexer, Parser } from 'yaml';
import { MAX_DEPTH, MAX_TOKENS } from './limits.ts';

export const NOT_YAML = 'this is not valid YAML';

/** What ends the reading at once, because to go on would cost too much or mean nothing. */
export interface Refusal {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

export function isRefusal(reading: Document.Parsed | Refusal | undefined): reading is Refusal {
  return reading !== undefined && 'message' in reading;
}

/**
 * The one document of the text; undefined when all are empty. Goes token by token, so that
 * a text that is too much is found out before it has taken its time.
 */
export function composeOne(text: string): Document.Parsed | Refusal | undefined {
  return withoutStackTraces(() => composed(text));
}

/** YAML 1.2 and no more: tags beyond its core (`!!binary`, `!!set`) are errors. */
const YAML_OPTIONS = {
  schema: 'core',
  resolveKnownTags: false,
  stringKeys: true,
  uniqueKeys: false,
  prettyErrors: false,
} as const;

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

function composed(text: string): Document.Parsed | Refusal | undefined {
  const composer = new Composer(YAML_OPTIONS);
  const parser = new Parser();
  const only = new OnlyDocument();
  let tokens = 0;
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

function isEmpty({ contents, errors }: Document.Parsed): boolean {
  const isBlank = contents === null || (isScalar(contents) && contents.range[0] === contents.range[1]);
  return isBlank && errors.length === 0;
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
      if (isEmpty(document)) {
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

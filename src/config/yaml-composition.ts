import { Composer, type Document, isScalar, Lexer, Parser } from 'yaml';
import { MAX_DEPTH, MAX_TOKENS } from './limits.ts';

export const NOT_YAML = 'this is not valid YAML';

/** Why parsing stopped early: the rest would cost too much, or have no meaning. */
export interface Refusal {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

export function isRefusal(reading: Document.Parsed | Refusal | undefined): reading is Refusal {
  return reading !== undefined && 'message' in reading;
}

/**
 * The only document of the text; undefined when all documents are empty. Parses token by token, so that a text
 * above a limit is rejected before it costs much time.
 */
export function composeOne(text: string): Document.Parsed | Refusal | undefined {
  return withoutStackTraces(() => composed(text));
}

/** The core schema of YAML 1.2. Other tags, such as `!!binary` and `!!set`, are errors. */
const YAML_OPTIONS = {
  schema: 'core',
  resolveKnownTags: false,
  stringKeys: true,
  uniqueKeys: false,
  prettyErrors: false,
} as const;

/**
 * The library creates an Error for each problem of a text. Stack traces of half a million errors would take ten
 * times as long as the parsing, and only their messages are used.
 */
function withoutStackTraces<T>(parse: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return parse();
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
    const refusal = exceededLimit(parser, tokens);
    if (refusal !== undefined) return refusal;
    for (const token of parser.next(lexeme)) {
      if (token.type === 'directive' && token.source.trim() !== '%YAML 1.2') {
        return {
          offset: token.offset,
          message: 'YAML directives such as %YAML are not supported',
          hint: 'remove the line',
        };
      }
      // Stop at the first error of the lexer: it causes most of those after it, which may be a million.
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

function exceededLimit(parser: Parser, tokens: number): Refusal | undefined {
  const { offset } = parser;
  if (parser.stack.length > MAX_DEPTH) {
    return { offset, message: `values are nested more than ${MAX_DEPTH} deep` };
  }
  if (tokens <= MAX_TOKENS) return undefined;
  const message = `the text has more than ${MAX_TOKENS} YAML tokens up to here`;
  return { offset, message, hint: 'split the list: several parts are read as one list' };
}

function isEmpty({ contents, errors }: Document.Parsed): boolean {
  const isBlank = contents === null || (isScalar(contents) && contents.range[0] === contents.range[1]);
  return isBlank && errors.length === 0;
}

/** Templates often produce empty documents, which are ignored. A text of many is rejected. */
const MAX_EMPTY_DOCUMENTS = 100;

/** Collects the documents of a text until the only one is known, or the text is rejected. */
class OnlyDocument {
  result: Document.Parsed | Refusal | undefined;
  #empty = 0;

  /** Returns true when the rest of the text cannot change the result. */
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
        const hint =
          'a target list is one document: put the second one into a separate file or ConfigMap key';
        this.result = { offset, message: 'a second YAML document begins here', hint };
        return true;
      }
      this.result = document;
      if (document.errors.length > 0) return true;
    }
    return false;
  }
}

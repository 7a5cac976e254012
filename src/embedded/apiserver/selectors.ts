import { badRequest } from './status.ts';
import { labelValueProblems, qualifiedNameProblems } from './validation/names.ts';

/** Whether a set of labels, or of selectable fields, matches. */
export type Selector = (values: Readonly<Record<string, string>>) => boolean;

export const EVERYTHING: Selector = () => true;

const TOKEN = /\s*(==|!=|=|!|,|\(|\)|<|>|[^\s,()=!<>]+)/y;
const SYMBOLS = new Set(['==', '!=', '=', '!', ',', '(', ')', '<', '>']);
const OPERATORS = 'in, notin, =, ==, !=, gt, lt';

/** The tokens of a selector, read one by one. */
class Tokens {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text))
      this.#tokens.push(match[1] ?? '');
  }

  /** '' at the end. */
  get next(): string {
    return this.#tokens[this.#at] ?? '';
  }

  take(): string {
    const token = this.next;
    this.#at++;
    return token;
  }
}

/**
 * Reads a label selector (apimachinery's labels.Parse): `a=b`, `a==b`, `a!=b`, `a in (b,c)`,
 * `a notin (b,c)`, `a>1`, `a<1`, `a`, `!a`, joined by commas.
 */
export function parseLabelSelector(text: string): Selector {
  const tokens = new Tokens(text);
  if (tokens.next === '') return EVERYTHING;
  if (tokens.next !== '!' && SYMBOLS.has(tokens.next)) {
    throw badRequest(`found '${tokens.next}', expected: !, identifier, or 'end of string'`);
  }
  const requirements: Selector[] = [];
  for (;;) {
    requirements.push(requirement(tokens));
    const separator = tokens.take();
    if (separator === '') break;
    if (separator !== ',') throw badRequest(`found '${separator}', expected: ',' or 'end of string'`);
    if (tokens.next !== '!' && (tokens.next === '' || SYMBOLS.has(tokens.next))) {
      throw badRequest(`found '${tokens.next}', expected: identifier after ','`);
    }
  }
  return (labels) => requirements.every((matches) => matches(labels));
}

function requirement(tokens: Tokens): Selector {
  if (tokens.next === '!') {
    tokens.take();
    const absent = keyFrom(tokens);
    return (labels) => !(absent in labels);
  }
  const key = keyFrom(tokens);
  if (tokens.next === '' || tokens.next === ',') return (labels) => key in labels;
  const operator = tokens.take();
  switch (operator) {
    case '=':
    case '==': {
      const value = valueFrom(tokens, key);
      return (labels) => labels[key] === value;
    }
    case '!=': {
      const value = valueFrom(tokens, key);
      return (labels) => labels[key] !== value;
    }
    case '>':
    case '<': {
      const bound = Number(valueFrom(tokens, key));
      return (labels) =>
        key in labels && (operator === '>' ? Number(labels[key]) > bound : Number(labels[key]) < bound);
    }
    case 'in': {
      const values = valuesFrom(tokens, key);
      return (labels) => labels[key] !== undefined && values.has(labels[key]);
    }
    case 'notin': {
      const values = valuesFrom(tokens, key);
      return (labels) => labels[key] === undefined || !values.has(labels[key]);
    }
    default:
      throw unparsable(`found '${operator}', expected: ${OPERATORS}`);
  }
}

function keyFrom(tokens: Tokens): string {
  const key = tokens.take();
  if (key === '' || SYMBOLS.has(key)) throw unparsable(`found '${key}', expected: identifier`);
  const [problem] = qualifiedNameProblems(key);
  if (problem !== undefined) throw unparsable(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problem}`);
  return key;
}

function valueFrom(tokens: Tokens, key: string): string {
  if (tokens.next === '' || tokens.next === ',') return '';
  return checkedValue(tokens.take(), key, 0);
}

function valuesFrom(tokens: Tokens, key: string): Set<string> {
  const open = tokens.take();
  if (open !== '(') throw unparsable(`found '${open}' expected: '('`);
  const values = new Set<string>();
  for (let token = tokens.take(); token !== ')'; token = tokens.take()) {
    if (token === '') throw unparsable("found '', expected: ',' or ')'");
    if (token !== ',') values.add(checkedValue(token, key, values.size));
  }
  if (values.size === 0) values.add('');
  return values;
}

function checkedValue(value: string, key: string, at: number): string {
  const [problem] = labelValueProblems(value);
  if (problem === undefined) return value;
  throw unparsable(`values[${at}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`);
}

function unparsable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}

/**
 * Reads a field selector: `path=value`, `path==value`, `path!=value`, joined by commas.
 *
 * @param supported the field paths that the kind supports.
 */
export function parseFieldSelector(text: string, supported: ReadonlySet<string>): Selector {
  if (text === '') return EVERYTHING;
  const terms = text.split(',').map((term) => {
    const match = /^(.*?)(!=|==|=)(.*)$/.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = match;
    if (!supported.has(field)) throw badRequest(unsupported(field, supported));
    return { field, value, equal: operator !== '!=' };
  });
  return (fields) => terms.every(({ field, value, equal }) => ((fields[field] ?? '') === value) === equal);
}

/** The message differs for kinds that support only the name. */
function unsupported(field: string, supported: ReadonlySet<string>): string {
  if (supported.size > 2) return `field label not supported: ${field}`;
  const known = [...supported].map((one) => JSON.stringify(one)).join(', ');
  return `${JSON.stringify(field)} is not a known field selector: only ${known}`;
}

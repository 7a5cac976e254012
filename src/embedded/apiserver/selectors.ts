import { badRequest } from './status.ts';

/** Whether a set of labels, or of selectable fields, is selected. */
export type Selector = (values: Readonly<Record<string, string>>) => boolean;

export const EVERYTHING: Selector = () => true;

const KEY = '[A-Za-z0-9](?:[-A-Za-z0-9_./]*[A-Za-z0-9])?';
const VALUE = '[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?';
const TOKEN = /\s*(==|!=|=|!|,|\(|\)|<|>|[^\s,()=!<>]+)/y;
const IS_KEY = new RegExp(`^${KEY}$`);
const IS_VALUE = new RegExp(`^(?:${VALUE})?$`);

/**
 * Reads a label selector (apimachinery's labels.Parse): `a=b`, `a==b`, `a!=b`, `a in (b,c)`,
 * `a notin (b,c)`, `a`, `!a`, joined by commas.
 */
export function parseLabelSelector(text: string): Selector {
  const tokens = tokensOf(text);
  if (tokens.length === 0) return EVERYTHING;
  const requirements: Selector[] = [];
  let at = 0;
  const next = () => tokens[at++] ?? '';
  for (;;) {
    requirements.push(requirement(next, () => tokens[at] ?? ''));
    const separator = next();
    if (separator === '') break;
    if (separator !== ',') throw unparsable(separator, "',' or 'end of string'");
  }
  return (labels) => requirements.every((matches) => matches(labels));
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) tokens.push(match[1] ?? '');
  return tokens;
}

function requirement(next: () => string, peek: () => string): Selector {
  const first = next();
  if (first === '!') {
    const key = keyFrom(next());
    return (labels) => !(key in labels);
  }
  const key = keyFrom(first);
  const operator = peek();
  if (operator === '' || operator === ',') return (labels) => key in labels;
  next();
  switch (operator) {
    case '=':
    case '==': {
      const value = valueFrom(next, peek);
      return (labels) => labels[key] === value;
    }
    case '!=': {
      const value = valueFrom(next, peek);
      return (labels) => labels[key] !== value;
    }
    case 'in': {
      const values = valuesFrom(next);
      return (labels) => labels[key] !== undefined && values.has(labels[key]);
    }
    case 'notin': {
      const values = valuesFrom(next);
      return (labels) => labels[key] === undefined || !values.has(labels[key]);
    }
    default:
      throw unparsable(operator, 'in, notin, =, ==, !=, gt, lt');
  }
}

function keyFrom(token: string): string {
  if (!IS_KEY.test(token)) throw unparsable(token, "!, identifier, or 'end of string'");
  return token;
}

function valueFrom(next: () => string, peek: () => string): string {
  if (peek() === '' || peek() === ',') return '';
  const value = next();
  if (!IS_VALUE.test(value)) throw unparsable(value, 'identifier');
  return value;
}

function valuesFrom(next: () => string): Set<string> {
  const open = next();
  if (open !== '(') throw unparsable(open, "'('");
  const values = new Set<string>();
  for (let token = next(); ; token = next()) {
    if (token === ')') return values;
    if (token === '') throw unparsable(token, "',', or ')'");
    if (token === ',') continue;
    if (!IS_VALUE.test(token)) throw unparsable(token, 'identifier');
    values.add(token);
  }
}

function unparsable(found: string, expected: string): Error {
  return badRequest(`found '${found}', expected: ${expected}`);
}

/**
 * Reads a field selector: `path=value`, `path==value`, `path!=value`, joined by commas.
 *
 * @param supported the paths that this kind of object can be selected by.
 */
export function parseFieldSelector(text: string, supported: ReadonlySet<string>): Selector {
  if (text === '') return EVERYTHING;
  const terms = text.split(',').map((term) => {
    const match = /^(.*?)(!=|==|=)(.*)$/.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = '', operator, value = ''] = match;
    if (!supported.has(field)) throw badRequest(`field label not supported: ${field}`);
    return { field, value, equal: operator !== '!=' };
  });
  return (fields) => terms.every(({ field, value, equal }) => ((fields[field] ?? '') === value) === equal);
}

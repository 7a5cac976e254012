import * as z from 'zod';

/**
 * The kinds of fields of a target list. Each has its documentation, which the JSON Schema, the reference page
 * and the messages use, and the phrase that follows "expected" in messages.
 *
 * The schemas do not transform values or fill in defaults. So the values of `defaults` can be merged in first,
 * and the built-in defaults after them.
 */
interface FieldDoc {
  readonly description: string;
  /** The value that applies when the field is not written. */
  readonly default?: unknown;
  /** The same in words, when it is not a fixed value. */
  readonly otherwise?: string;
  readonly examples?: readonly unknown[];
  /** For editors, in the JSON Schema. The parser uses the rule instead. */
  readonly pattern?: string;
}

/** A problem with a value, and what to write instead. */
export interface RuleProblem {
  readonly message: string;
  /** Replaces the field's own expectation when it is more specific. */
  readonly expected?: string;
  readonly hint?: string;
  /** The location of the problem is the key, not its value. */
  readonly atKey?: true;
}

export type TextRule = (text: string) => RuleProblem | undefined;

/** Phrases for messages about a field. */
export interface Expectation {
  /** Follows "expected" in messages. */
  readonly expected: string;
  /** The text to write instead of a bare number: `10s` for `10`. */
  readonly fromNumber?: (value: number) => string;
  /** Common values that are not supported, with a hint for each. */
  readonly refused?: Readonly<Record<string, string>>;
}

const expectations = z.registry<Expectation>();

export function expectationOf(schema: z.core.$ZodType): Expectation | undefined {
  return expectations.get(schema);
}

function documented<T extends z.ZodType>(schema: T, doc: FieldDoc, expectation: Expectation): T {
  const field = schema.meta({ ...doc }) as T;
  expectations.add(field, expectation);
  return field;
}

/** A string that `rule` accepts. The rule returns undefined for a valid one. */
export function ruledText(
  doc: FieldDoc & { expected: string; maxLength: number; fromNumber?: (value: number) => string },
  rule: TextRule,
) {
  const { expected, maxLength, fromNumber, ...rest } = doc;
  const schema = z
    .string()
    .min(1, { abort: true })
    .max(maxLength, { abort: true })
    .superRefine((text, context) => addProblem(context, rule(text)));
  return documented(schema, rest, { expected, ...(fromNumber === undefined ? {} : { fromNumber }) });
}

/** Adds a problem in the form that `schema-issue.ts` reads. */
export function addProblem(
  context: z.core.$RefinementCtx,
  problem: RuleProblem | undefined,
  path: (string | number)[] = [],
): void {
  if (problem === undefined) return;
  const { message, ...params } = problem;
  context.addIssue({ code: 'custom', message, path, params });
}

export function wholeNumber(doc: FieldDoc & { min: number; max: number }) {
  const { min, max, ...rest } = doc;
  return documented(z.number().int().min(min).max(max), rest, {
    expected: `a whole number from ${min} to ${max}`,
  });
}

export function flag(doc: FieldDoc) {
  return documented(z.boolean(), doc, { expected: 'true or false' });
}

export function oneOf<const T extends readonly [string, ...string[]]>(
  values: T,
  doc: FieldDoc & { refused?: Readonly<Record<string, string>> },
) {
  const { refused = {}, ...rest } = doc;
  return documented(z.enum(values), rest, { expected: alternatives(values), refused });
}

export function alternatives(values: readonly string[]): string {
  return values.length < 2 ? values.join() : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

/** A string or a number. One rule checks both, because the issues of a zod union are hard to explain. */
export function textOrNumber(
  doc: FieldDoc & { expected: string },
  rule: (value: string | number) => RuleProblem | undefined,
) {
  const { expected, ...rest } = doc;
  const schema = z
    .union([z.string().max(MAX_TEXT), z.number()])
    .superRefine((value, context) => addProblem(context, rule(value)));
  return documented(schema, rest, { expected });
}

const MAX_TEXT = 1_024;

export function listOf<T extends z.ZodType>(
  item: T,
  doc: FieldDoc & { min?: number; max: number; of: string },
) {
  const { min = 0, max, of, ...rest } = doc;
  const count = min === 0 ? `at most ${max}` : `${min} to ${max}`;
  return documented(z.array(item).min(min).max(max), rest, { expected: `a list of ${count} ${of}` });
}

/** A mapping with exactly these fields. `id` is its name in the JSON Schema. */
export function section<T extends z.core.$ZodLooseShape>(
  shape: T,
  doc: FieldDoc & { id?: string; oneOf?: readonly { required: string[] }[] },
) {
  const names = Object.keys(shape);
  const shown = names.length > 6 ? `${names.slice(0, 5).join(', ')} …` : alternatives(names);
  return documented(z.strictObject(shape), doc, { expected: `a mapping with ${shown}` });
}

/** Upper bound on entries of a mapping: more than any Service has. */
const MAX_PAIRS = 1_000;

/** A mapping from arbitrary keys to strings. `rule` checks each pair. */
export function textMap(
  doc: FieldDoc & { expected: string },
  rule: (key: string, value: string) => RuleProblem | undefined,
) {
  const { expected, ...rest } = doc;
  const schema = z.record(z.string(), z.string()).superRefine((map, context) => {
    const pairs = Object.entries(map);
    if (pairs.length > MAX_PAIRS) {
      addProblem(context, { message: `${pairs.length} entries are more than ${MAX_PAIRS}` });
      return;
    }
    for (const [key, value] of pairs) addProblem(context, rule(key, value), [key]);
  });
  return documented(schema, rest, { expected });
}

import * as z from 'zod';

/**
 * The kinds of fields that a target list is made of. Each carries its documentation (JSON Schema, the
 * reference page and the messages come from it) and what a person reads after "expected".
 *
 * Nothing here transforms or fills in: what a schema lets through is what was written, so that values of
 * `defaults` can be laid under it before the built-in defaults are.
 */
interface FieldDoc {
  readonly description: string;
  /** What holds when the field is not written. */
  readonly default?: unknown;
  /** The same in words, where it is no fixed value. */
  readonly otherwise?: string;
  readonly examples?: readonly unknown[];
  /** For the JSON Schema: what editors check while one writes. The rule itself is what decides. */
  readonly pattern?: string;
}

/** What is wrong with a text, and what to write instead. */
export interface RuleProblem {
  readonly message: string;
  /** Where it is narrower than what the field takes at all. */
  readonly expected?: string;
  readonly hint?: string;
  /** The key is what is wrong, not its value. */
  readonly atKey?: true;
}

export type TextRule = (text: string) => RuleProblem | undefined;

/** What messages about a field say. */
export interface Expectation {
  /** To be read after "expected". */
  readonly expected: string;
  /** How a bare number is to be written where a text stands: `10` as `10s`. */
  readonly fromNumber?: (value: number) => string;
  /** Values that people try, and why they cannot be had. */
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

/** A text that a rule accepts. `rule` returns undefined for a right one. */
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

/** Reports what a rule found, in the shape that `schema-issue.ts` reads. */
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

/** A value of either kind; neither of the two says alone what was wrong, so a rule on both does. */
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

/** A mapping with exactly these fields. `id` names it in the JSON Schema and on the reference page. */
export function section<T extends z.core.$ZodLooseShape>(
  shape: T,
  doc: FieldDoc & { id?: string; oneOf?: readonly { required: string[] }[] },
) {
  const names = Object.keys(shape);
  const shown = names.length > 6 ? `${names.slice(0, 5).join(', ')} …` : alternatives(names);
  return documented(z.strictObject(shape), doc, { expected: `a mapping with ${shown}` });
}

/** More than any Service has, fewer than an object can hold. */
const MAX_PAIRS = 1_000;

/** A mapping from free keys to texts; `rule` sees each pair. */
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

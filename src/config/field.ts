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
  /** What holds when the field is not written; a sentence where it is no fixed value. */
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  /** For the JSON Schema: what editors check while one writes. The rule itself is what decides. */
  readonly pattern?: string;
}

/** What is wrong with a text, and what to write instead. */
export interface RuleProblem {
  readonly message: string;
  readonly hint?: string;
}

export type TextRule = (text: string) => RuleProblem | undefined;

const expectations = z.registry<{ readonly expected: string }>();

/** What a person reads after "expected" for this field. */
export function expectationOf(schema: z.core.$ZodType): string | undefined {
  return expectations.get(schema)?.expected;
}

function documented<T extends z.ZodType>(schema: T, doc: FieldDoc, expected: string): T {
  const field = schema.meta({ ...doc }) as T;
  expectations.add(field, { expected });
  return field;
}

/** A text that a rule accepts. `rule` returns undefined for a right one. */
export function ruledText(doc: FieldDoc & { expected: string; maxLength: number }, rule: TextRule) {
  const { expected, maxLength, ...rest } = doc;
  const schema = z
    .string()
    .min(1, { abort: true })
    .max(maxLength, { abort: true })
    .superRefine((text, context) => addProblem(context, rule(text)));
  return documented(schema, rest, expected);
}

/** Reports what a rule found, in the shape that `schema-issue.ts` reads. */
export function addProblem(
  context: z.core.$RefinementCtx,
  problem: RuleProblem | undefined,
  path: (string | number)[] = [],
): void {
  if (problem === undefined) return;
  const { message, hint } = problem;
  context.addIssue({ code: 'custom', message, path, params: { hint } });
}

export function wholeNumber(doc: FieldDoc & { min: number; max: number }) {
  const { min, max, ...rest } = doc;
  return documented(z.number().int().min(min).max(max), rest, `a whole number from ${min} to ${max}`);
}

export function flag(doc: FieldDoc) {
  return documented(z.boolean(), doc, 'true or false');
}

export function oneOf<const T extends readonly [string, ...string[]]>(values: T, doc: FieldDoc) {
  return documented(z.enum(values), doc, alternatives(values));
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
  return documented(schema, rest, expected);
}

const MAX_TEXT = 1_024;

export function listOf<T extends z.ZodType>(
  item: T,
  doc: FieldDoc & { min?: number; max: number; of: string },
) {
  const { min = 0, max, of, ...rest } = doc;
  const count = min === 0 ? `at most ${max}` : `${min} to ${max}`;
  return documented(z.array(item).min(min).max(max), rest, `a list of ${count} ${of}`);
}

/** A mapping with exactly these fields. `id` names it in the JSON Schema and on the reference page. */
export function section<T extends z.core.$ZodLooseShape>(shape: T, doc: FieldDoc & { id?: string }) {
  const names = Object.keys(shape);
  const shown = names.length > 6 ? `${names.slice(0, 5).join(', ')} …` : alternatives(names);
  return documented(z.strictObject(shape), doc, `a mapping with ${shown}`);
}

/** A mapping from free keys to texts; `rule` sees each pair. */
export function textMap(
  doc: FieldDoc & { expected: string },
  rule: (key: string, value: string) => RuleProblem | undefined,
) {
  const { expected, ...rest } = doc;
  const schema = z.record(z.string(), z.string()).superRefine((map, context) => {
    for (const [key, value] of Object.entries(map)) addProblem(context, rule(key, value), [key]);
  });
  return documented(schema, rest, expected);
}

import * as z from 'zod';
import { type Expectation, expectationOf } from './field.ts';
import { MAX_PROBLEMS } from './limits.ts';
import { nearest } from './nearest.ts';
import { type ConfigProblem, describeValue, formatPath, type Path, quoted } from './problem.ts';
import { targetListSchema } from './schema.ts';
import type { YamlDocument } from './yaml-document.ts';

/** Translates a zod issue: one problem, or one for each unknown key. */
export function problemsOfIssue(issue: z.core.$ZodIssue, document: YamlDocument): ConfigProblem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, MAX_PROBLEMS).map((key) => unknownField(path, key, document));
  }
  const value = valueAt(document.value, path);
  const found = describeValue(value);
  const schema = schemaAt(path);
  const expectation = schema === undefined ? undefined : expectationOf(schema);
  const expected = expectation?.expected ?? 'a string';
  const atKey = issue.code === 'custom' && issue.params?.atKey === true;
  const location = atKey ? document.locateKey(path) : document.locate(path);
  const place = { location, path: formatPath(path), found, expected };
  if (issue.code === 'custom') return [{ ...place, message: issue.message, ...phrasesOf(issue.params) }];
  const message = mismatch(path, value, found, expected);
  return [{ ...place, message, ...hintOf(correction(issue, value, expectation)) }];
}

function mismatch(path: Path, value: unknown, found: string, expected: string): string {
  const field = path.at(-1);
  if (value !== undefined || typeof field !== 'string') return `expected ${expected}, found ${found}`;
  return `${field} is missing: expected ${expected}`;
}

/** The expectation and the hint that `addProblem` stored in the issue. */
function phrasesOf(params: Record<string, unknown> | undefined): { expected?: string; hint?: string } {
  const expected = params?.expected;
  return { ...(typeof expected === 'string' ? { expected } : {}), ...hintOf(params?.hint) };
}

function hintOf(hint: unknown): { hint?: string } {
  return typeof hint === 'string' ? { hint } : {};
}

/** A hint at the value that was probably meant. */
function correction(
  issue: z.core.$ZodIssue,
  value: unknown,
  expectation: Expectation | undefined,
): string | undefined {
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const refused = expectation?.refused ?? {};
    if (Object.hasOwn(refused, value)) return refused[value];
    const near = nearest(value, issue.values.map(String));
    return near === undefined ? undefined : `did you mean ${near}?`;
  }
  if (value === null && issue.path.length > 0) return 'give it a value or remove the line';
  return issue.code === 'invalid_type' ? typeHint(issue.expected, value, expectation) : undefined;
}

function typeHint(type: string, value: unknown, expectation: Expectation | undefined): string | undefined {
  if (type === 'string' && typeof value === 'number' && expectation?.fromNumber !== undefined) {
    return `write ${expectation.fromNumber(value)}`;
  }
  if (type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return `put it in quotes: "${value}"`;
  }
  if (type === 'number' && typeof value === 'string' && /^\d{1,9}$/.test(value))
    return `write it without quotes: ${value}`;
  if (type === 'array' && value !== undefined) return 'write list items after "- " or inside [ ]';
  return type === 'boolean' ? booleanHint(value) : undefined;
}

function booleanHint(value: unknown): string | undefined {
  const text = String(value).toLowerCase();
  if (['yes', 'on', 'y', '1', 'true'].includes(text)) return 'write true';
  return ['no', 'off', 'n', '0', 'false'].includes(text) ? 'write false' : undefined;
}

function unknownField(parent: Path, key: string, document: YamlDocument): ConfigProblem {
  const path = [...parent, key];
  const known = fieldsOf(schemaAt(parent));
  const hint = fieldHint(key, known, parent);
  return {
    location: document.locateKey(path),
    path: formatPath(path),
    found: quoted(key),
    expected: `one of ${known.join(', ')}`,
    message: `unknown field ${quoted(key)}`,
    hint: hint ?? `known fields: ${known.join(', ')}`,
  };
}

function fieldHint(key: string, known: readonly string[], parent: Path): string | undefined {
  if (key === '<<') return 'merge keys are not supported: use defaults, or an alias for a whole value';
  const near = nearest(key, known);
  if (near !== undefined) return `did you mean ${near}?`;
  const elsewhere = sectionOf(key, parent);
  return elsewhere === undefined ? undefined : `it is a field of ${elsewhere}`;
}

/** The section with a field of this name. Searches below `parent` first, then below its ancestors. */
function sectionOf(key: string, parent: Path): string | undefined {
  for (let depth = parent.length; depth >= 0; depth--) {
    const start = parent.slice(0, depth);
    const section = sectionWith(key, schemaAt(start), start);
    if (section !== undefined) return formatPath(section) || 'the list itself';
  }
  return undefined;
}

function sectionWith(key: string, schema: z.core.$ZodType | undefined, path: Path): Path | undefined {
  if (schema instanceof z.ZodArray) return undefined;
  const fields = fieldsOf(schema);
  if (fields.includes(key)) return path;
  for (const field of fields) {
    const found = sectionWith(key, schemaAt([...path, field]), [...path, field]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fieldsOf(schema: z.core.$ZodType | undefined): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

/** The schema at a path of the list. */
function schemaAt(path: Path): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = targetListSchema;
  for (const step of path) schema = schema === undefined ? undefined : childOf(schema, step);
  return schema;
}

function childOf(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  const child =
    schema instanceof z.ZodObject && Object.hasOwn(schema.shape, step)
      ? (schema.shape[step] as z.core.$ZodType)
      : schema instanceof z.ZodArray
        ? schema.element
        : schema instanceof z.ZodRecord
          ? schema.valueType
          : undefined;
  return child instanceof z.ZodOptional ? child.unwrap() : child;
}

/** The value at a path; undefined when there is none. */
export function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return at;
}

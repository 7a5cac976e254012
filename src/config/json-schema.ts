import * as z from 'zod';
import { expectationOf } from './field.ts';
import { targetListSchema } from './schema.ts';

/** The JSON Schema of a target list, for editors; the command `schema` prints it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The schema of the list as written, in draft 2020-12. The parser checks more: addresses, names and relations
 * between fields. The schema describes these rules in its descriptions.
 */
export function targetListJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(targetListSchema, { io: 'input', override: describeRules });
  return { $schema, title: 'external-endpoints target list', ...schema };
}

/** Adds to a description what no keyword of JSON Schema expresses: `a duration from 10ms to 60s`, a computed default. */
function describeRules({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodType;
  jsonSchema: z.core.JSONSchema.BaseSchema;
}) {
  const { description, otherwise } = jsonSchema;
  delete jsonSchema.otherwise;
  if (description === undefined) return;
  const hasRule = zodSchema instanceof z.ZodString || zodSchema instanceof z.ZodUnion;
  const expected = hasRule ? expectationOf(zodSchema)?.expected : undefined;
  jsonSchema.description = [
    description,
    ...(expected === undefined ? [] : [`Takes ${expected}.`]),
    ...(otherwise === undefined ? [] : [`Default: ${otherwise}.`]),
  ].join(' ');
}

import * as z from 'zod';
import { expectationOf } from './field.ts';
import { targetListSchema } from './schema.ts';

/** What JSON Schema can say of a target list: for editors, and what `schema` prints. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The list as it is written, in draft 2020-12. It says less than the parser knows: addresses, names and
 * what holds between fields are checked by `validate` only; descriptions say it in words.
 */
export function targetListJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(targetListSchema, { io: 'input', override: inWords });
  return { $schema, title: 'external-endpoints target list', ...schema };
}

/** JSON Schema has no keyword for "a duration from 10ms to 60s", nor for a default that depends. */
function inWords({
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

import { isObject, type JsonObject, type JsonValue, listOf } from '../json.ts';
import { isAtomic, type Schema, schemaOfMember } from '../schema/schema.ts';
import { stepOfItem } from './children.ts';
import { type FieldSet, fieldStep, isMember } from './field-set.ts';

/**
 * Takes out what a manager applied last time, no longer applies, and nobody else owns. `last` is what it
 * owned, `owned` what all managers own now.
 *
 * A named field of which nobody owns anything any more goes as a whole, with what was in it and nobody's
 * (`EnsureNamedFieldsAreMembers` in structured-merge-diff): the last annotation takes the others along.
 */
export function prune(
  schema: Schema,
  value: JsonValue,
  last: FieldSet,
  owned: FieldSet | undefined,
): JsonValue {
  if (isAtomic(schema)) return value;
  if (schema.type === 'list') {
    return listOf(value).flatMap((item) => {
      const kept = pruneChild(schema.item, item, stepOfItem(schema, item), last, owned);
      return kept === undefined ? [] : [kept];
    });
  }
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const [name, child] of Object.entries(value)) {
    const childSchema = schemaOfMember(schema, name);
    if (child === undefined || childSchema === undefined) continue;
    const isNamed = schema.type === 'struct';
    const kept = pruneChild(childSchema, child, fieldStep(name), last, owned, isNamed);
    if (kept !== undefined) result[name] = kept;
  }
  return result;
}

function pruneChild(
  schema: Schema,
  value: JsonValue,
  step: string,
  last: FieldSet,
  owned: FieldSet | undefined,
  isNamed = false,
): JsonValue | undefined {
  const lastHere = last[step];
  if (lastHere === undefined) return value;
  const ownedHere = owned?.[step];
  // Whoever owns something in a field keeps the field; an item stays only for who owns it as such.
  const kept = step.startsWith('f:') ? ownedHere !== undefined : isMember(ownedHere);
  if (!kept && (isNamed || isMember(lastHere))) return undefined;
  return prune(schema, value, lastHere, ownedHere);
}

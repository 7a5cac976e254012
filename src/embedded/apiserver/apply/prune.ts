import { isObject, type JsonObject, type JsonValue, listOf } from '../json.ts';
import { isAtomic, type Schema, schemaOfMember } from '../schema/schema.ts';
import { stepOfItem } from './children.ts';
import { type FieldSet, fieldStep, isMember } from './field-set.ts';

/**
 * Removes the fields that a manager applied last time, no longer applies, and no other manager owns. `last` is the
 * set that it owned; `owned` is the set that all managers own now.
 *
 * A named field without any owned descendant is removed completely, with its unowned contents
 * (`EnsureNamedFieldsAreMembers` in structured-merge-diff).
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
  // Ownership of a descendant keeps a field. A list item stays only if the item itself is owned.
  const kept = step.startsWith('f:') ? ownedHere !== undefined : isMember(ownedHere);
  if (!kept && (isNamed || isMember(lastHere))) return undefined;
  return prune(schema, value, lastHere, ownedHere);
}

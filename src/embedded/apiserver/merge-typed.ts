import { type FieldSet, fieldStep, isMember } from './field-set.ts';
import { isObject, type JsonObject, type JsonValue, listOf, objectOf } from './json.ts';
import { isAtomic, type ListSchema, type Schema } from './schema.ts';
import { stepOfItem } from './typed-value.ts';

/** Lays a configuration over the live value, field by field: what it does not mention stays. */
export function mergeTyped(schema: Schema, live: JsonValue | undefined, config: JsonValue): JsonValue {
  if (live === undefined || live === null || config === null || isAtomic(schema)) return config;
  if (schema.type === 'list') return mergeLists(schema, listOf(live), listOf(config));
  const merged: JsonObject = { ...objectOf(live) };
  for (const [name, value] of Object.entries(objectOf(config))) {
    if (value === undefined) continue;
    const child =
      schema.type === 'struct' ? schema.fields[name] : schema.type === 'map' ? schema.value : undefined;
    if (child !== undefined) merged[name] = mergeTyped(child, merged[name], value);
  }
  return merged;
}

/**
 * The configuration's items in its order; an item that only the live list has keeps its place before the
 * next item that both have.
 */
function mergeLists(schema: ListSchema, live: JsonValue[], config: JsonValue[]): JsonValue[] {
  const configured = new Map(config.map((item) => [stepOfItem(schema, item), item]));
  const liveSteps = live.map((item) => stepOfItem(schema, item));
  const liveItems = new Map(live.map((item, at) => [liveSteps[at] as string, item]));
  const merged: JsonValue[] = [];
  let at = 0;
  const takeLiveOnly = (upTo: string | undefined) => {
    for (; at < live.length; at++) {
      const step = liveSteps[at] as string;
      if (step === upTo) return;
      if (!configured.has(step)) merged.push(live[at] as JsonValue);
    }
  };
  for (const [step, item] of configured) {
    const was = liveItems.get(step);
    if (was === undefined) {
      takeUntilShared();
      merged.push(item);
      continue;
    }
    if (liveSteps.indexOf(step) >= at) {
      takeLiveOnly(step);
      at++;
    }
    merged.push(mergeTyped(schema.item, was, item));
  }
  takeLiveOnly(undefined);
  return merged;

  /** Live-only items that stand before the next shared one come before a new item. */
  function takeUntilShared(): void {
    while (at < live.length && !configured.has(liveSteps[at] as string)) merged.push(live[at++] as JsonValue);
  }
}

/**
 * Takes out what a manager applied last time, no longer applies, and nobody else owns. `last` is what it
 * owned, `owned` what all managers own now.
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
    const childSchema =
      schema.type === 'struct' ? schema.fields[name] : schema.type === 'map' ? schema.value : undefined;
    if (child === undefined || childSchema === undefined) continue;
    const kept = pruneChild(childSchema, child, fieldStep(name), last, owned);
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
): JsonValue | undefined {
  const lastHere = last[step];
  if (lastHere === undefined) return value;
  const ownedHere = owned?.[step];
  if (ownedHere === undefined && isMember(lastHere)) return undefined;
  return prune(schema, value, lastHere, ownedHere);
}

import { type JsonObject, type JsonValue, listOf, objectOf } from '../json.ts';
import { isAtomic, type ListSchema, type Schema, schemaOfMember } from '../schema/schema.ts';
import { stepOfItem } from './children.ts';

/** Merges a configuration into the live value, field by field. Other fields stay. */
export function mergeTyped(schema: Schema, live: JsonValue | undefined, config: JsonValue): JsonValue {
  if (live === undefined || live === null || config === null || isAtomic(schema)) return config;
  if (schema.type === 'list') return mergeLists(schema, listOf(live), listOf(config));
  const merged: JsonObject = { ...objectOf(live) };
  for (const [name, value] of Object.entries(objectOf(config))) {
    const child = schemaOfMember(schema, name);
    if (child !== undefined && value !== undefined) merged[name] = mergeTyped(child, merged[name], value);
  }
  return merged;
}

/**
 * The items of the configuration in its order, with the other items of the live list between them at their
 * positions: the order of structured-merge-diff's `visitListItems`.
 */
function mergeLists(schema: ListSchema, live: JsonValue[], config: JsonValue[]): JsonValue[] {
  const stepsOf = (items: JsonValue[]) => items.map((item) => stepOfItem(schema, item));
  const left = stepsOf(live);
  const right = stepsOf(config);
  const inLive = new Map(left.map((step, at) => [step, live[at] as JsonValue]));
  const inConfig = new Map(right.map((step, at) => [step, config[at] as JsonValue]));
  const shared = right.filter((step) => inLive.has(step));
  const merged: JsonValue[] = [];
  const taken = new Set<string>();
  const take = (step: string) => {
    merged.push(mergeTyped(schema.item, inLive.get(step), inConfig.get(step) as JsonValue));
    taken.add(step);
    if (shared[0] === step) shared.shift();
  };
  let at = 0;
  let next = 0;
  while (at < left.length || next < right.length) {
    const mine = left[at];
    const theirs = right[next];
    if (mine !== undefined && !inConfig.has(mine)) {
      merged.push(live[at++] as JsonValue);
    } else if (mine !== undefined && theirs !== undefined && mine !== theirs && shared[0] !== mine) {
      // The item is in both lists, at another position.
      at++;
    } else {
      if (mine !== undefined && (mine === theirs || taken.has(mine))) at++;
      if (theirs !== undefined) {
        take(theirs);
        next++;
      }
    }
  }
  return merged;
}

import { type JsonValue, sameJson } from '../json.ts';
import { isAtomic, type Schema } from '../schema/schema.ts';
import { type Child, childrenOf } from './children.ts';
import { type FieldSet, isEmptySet, MEMBER } from './field-set.ts';

/** The fields in which two values of one schema differ (structured-merge-diff's `typed.Compare`). */
export interface Comparison {
  /** Added or changed. */
  readonly set: FieldSet;
  readonly removed: FieldSet;
}

export function compare(schema: Schema, before: JsonValue, after: JsonValue): Comparison {
  const set: FieldSet = {};
  const removed: FieldSet = {};
  const old = new Map(childrenOf(schema, before).map((child) => [child.step, child]));
  for (const child of childrenOf(schema, after)) {
    const was = old.get(child.step);
    old.delete(child.step);
    if (was === undefined) insertAll(child, set);
    else if (isAtomic(child.schema) || was.value === null || child.value === null) {
      if (!sameJson(was.value, child.value)) set[child.step] = {};
    } else {
      const below = compare(child.schema, was.value, child.value);
      if (!isEmptySet(below.set)) set[child.step] = below.set;
      if (!isEmptySet(below.removed)) removed[child.step] = below.removed;
    }
  }
  for (const gone of old.values()) insertAll(gone, removed);
  return { set, removed };
}

/** Inserts the path of an added or removed value and of all its descendants. */
function insertAll(child: Child, set: FieldSet): void {
  const node: FieldSet = {};
  set[child.step] = node;
  if (child.value === null || isAtomic(child.schema)) return;
  for (const below of childrenOf(child.schema, child.value)) insertAll(below, node);
  if (!isEmptySet(node)) node[MEMBER] = {};
}

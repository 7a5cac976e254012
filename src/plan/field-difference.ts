import type { KubeObject, ManagedFieldsEntry } from '../manifest/kube-object.ts';
import { MANAGER } from '../manifest/labels.ts';
import { type FieldPath, fieldsOf, pathsOwnedBy, readablePath } from './field-paths.ts';

/** What applying `desired` would do to the object that exists. */
export interface FieldDifference {
  /** Fields that get another value, are added, or are removed because we no longer ask for them. */
  readonly changes: readonly FieldChange[];
  /** Fields that already have our value but are not ours yet; applying makes them so. */
  readonly unowned: readonly string[];
  /** Changed fields that somebody else owns: applying would conflict, unless forced. */
  readonly contested: readonly ContestedField[];
}

export interface FieldChange {
  /** As people write it: `spec.ports[5432/TCP].targetPort`. */
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

export interface ContestedField {
  readonly path: string;
  readonly manager: string;
  /** `Apply`: a declarative owner who will want it back. `Update`: somebody edited it once. */
  readonly operation: 'Apply' | 'Update';
}

/** Nothing to write: every field has our value and is ours, and nothing of ours is there that we dropped. */
export function isUnchanged(difference: FieldDifference): boolean {
  return difference.changes.length === 0 && difference.unowned.length === 0;
}

export function differenceTo(existing: KubeObject, desired: KubeObject): FieldDifference {
  const live = fieldsOf(existing);
  const wanted = fieldsOf(desired);
  const { ours, others } = ownersOf(existing);
  const changes: FieldChange[] = [];
  const unowned: string[] = [];
  const contested: ContestedField[] = [];

  for (const [path, value] of wanted) {
    if (!sameValue(live.get(path), value)) {
      changes.push({ path: readablePath(path), from: live.get(path), to: value });
      contested.push(
        ...others.filter(({ paths }) => paths.has(path)).map((owner) => contestedBy(path, owner.entry)),
      );
    } else if (!ours.has(path)) {
      unowned.push(readablePath(path));
    }
  }
  for (const path of ours) {
    // A field that somebody else owns too does not go away when we drop it.
    if (wanted.has(path) || !live.has(path) || others.some(({ paths }) => paths.has(path))) continue;
    changes.push({ path: readablePath(path), from: live.get(path), to: undefined });
  }
  return { changes, unowned, contested };
}

export interface OtherOwner {
  readonly entry: ManagedFieldsEntry;
  readonly paths: ReadonlySet<FieldPath>;
}

/** Who owns which fields; what was written through a subresource (`status`) is none of our business. */
export function ownersOf(object: KubeObject): {
  readonly ours: ReadonlySet<FieldPath>;
  readonly others: readonly OtherOwner[];
} {
  let ours: ReadonlySet<FieldPath> = new Set();
  const others: OtherOwner[] = [];
  for (const entry of object.metadata.managedFields ?? []) {
    if (isOurApply(entry)) ours = pathsOwnedBy(entry);
    else if (entry.subresource === undefined) others.push({ entry, paths: pathsOwnedBy(entry) });
  }
  return { ours, others };
}

export function isOurApply({ manager, operation, subresource }: ManagedFieldsEntry): boolean {
  return manager === MANAGER && operation === 'Apply' && subresource === undefined;
}

export function contestedBy(path: FieldPath, { manager, operation }: ManagedFieldsEntry): ContestedField {
  return { path: readablePath(path), manager: manager ?? '', operation: operation ?? 'Update' };
}

export function sameValue(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/** Equal text for equal content: keys sorted, and what the API server fills in or leaves out made alike. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, content) => {
    if (content === null || typeof content !== 'object' || Array.isArray(content)) return content;
    const entries = Object.entries(content as Record<string, unknown>)
      // A port without a name is stored as one with an empty name (`discovery/v1/defaults.go:34`).
      .filter(([key, each]) => each !== undefined && each !== null && !(key === 'name' && each === ''))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries);
  });
}

import type { KubeObject, ManagedFieldsEntry } from '../../manifest/kube-object.ts';
import { MANAGER } from '../../manifest/labels.ts';
import { type FieldPath, fieldsOf, pathsOwnedBy, readablePath } from './field-paths.ts';

/** What an apply of `desired` would do to the existing object. */
export interface FieldDifference {
  /** Fields that get another value, are added, or are removed because we no longer apply them. */
  readonly changes: readonly FieldChange[];
  /** Fields that have our value already but are not ours yet; an apply makes them ours. */
  readonly unowned: readonly string[];
  /** Changed fields that another manager owns: an apply would fail with a conflict, unless forced. */
  readonly contested: readonly ContestedField[];
}

export interface FieldChange {
  /** In readable form: `spec.ports[5432/TCP].targetPort`. */
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

export interface ContestedField {
  readonly path: string;
  readonly manager: string;
  /** `Apply`: a declarative owner, which will set it again. `Update`: one edit. */
  readonly operation: 'Apply' | 'Update';
}

/** Nothing to write: every field has our value and is ours, and the object has no field that we stopped applying. */
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
    // A field with a second owner stays when we stop applying it.
    if (wanted.has(path) || !live.has(path) || others.some(({ paths }) => paths.has(path))) continue;
    changes.push({ path: readablePath(path), from: live.get(path), to: undefined });
  }
  return { changes, unowned, contested };
}

export interface OtherOwner {
  readonly entry: ManagedFieldsEntry;
  readonly paths: ReadonlySet<FieldPath>;
}

/** The owners of each field. Entries of subresources (`status`) are left out. */
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

/** Equal text for equal content: keys are sorted, and fields that the API server adds or drops are left out. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, content) => {
    if (content === null || typeof content !== 'object' || Array.isArray(content)) return content;
    const entries = Object.entries(content as Record<string, unknown>)
      // The API server stores a port without a name as one with an empty name (`discovery/v1/defaults.go:34`).
      .filter(([key, each]) => each !== undefined && each !== null && !(key === 'name' && each === ''))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries);
  });
}

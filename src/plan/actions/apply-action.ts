import type { KubeObject, ObjectKind } from '../../manifest/kube-object.ts';
import {
  type ContestedField,
  differenceTo,
  type FieldChange,
  isUnchanged,
} from '../field-ownership/field-difference.ts';
import type { ApplyAction, DeleteAction } from '../object-plan.ts';

/** What it takes to give one object its desired content. */
export interface Application {
  /** Undefined: nothing has to be written. */
  readonly action: ApplyAction | undefined;
  /** Fields that another manager applies with another value and that we may not take. */
  readonly conflicts: readonly ContestedField[];
}

export interface ApplyOptions {
  /** The object is not ours yet. */
  readonly adopting: boolean;
  /** Take fields from managers that apply them, too. */
  readonly force: boolean;
  /** The body refers to the Service that the same plan creates. */
  readonly awaitsServiceUid: boolean;
}

/**
 * Compares, and applies only if something differs. A field that another manager edited (`Update`) in an object of ours
 * is drift: the apply forces it back. A field that another manager applies (`Apply`) is that manager's, and needs
 * `force`.
 */
export function applyAction(
  desired: KubeObject,
  existing: KubeObject | undefined,
  options: ApplyOptions,
): Application {
  const on = {
    kind: desired.kind as ObjectKind,
    namespace: desired.metadata.namespace ?? '',
    name: desired.metadata.name,
    ...(options.awaitsServiceUid ? { awaitsServiceUid: true } : {}),
  };
  if (existing === undefined) {
    const action: ApplyAction = {
      ...on,
      verb: 'create',
      reason: 'Missing',
      body: desired,
      force: false,
      changes: [],
    };
    return { action, conflicts: [] };
  }
  const difference = differenceTo(existing, desired);
  if (isUnchanged(difference)) return { action: undefined, conflicts: [] };
  const conflicts = options.force ? [] : difference.contested.filter((field) => field.operation === 'Apply');
  const action: ApplyAction = {
    ...on,
    verb: 'update',
    reason: options.adopting ? 'Adopted' : reasonFor(difference.changes),
    body: withPreconditions(desired, existing),
    force: options.adopting || difference.contested.length > 0,
    changes: difference.changes,
  };
  return { action, conflicts };
}

/**
 * A second apply of an object that an earlier action of the same plan writes. Its resourceVersion is that of the object
 * as it was read; the writer replaces it with the resourceVersion that the earlier write returned.
 */
export function secondApplyAction(desired: KubeObject, earlier: ApplyAction): ApplyAction | undefined {
  const { changes } = differenceTo(earlier.body, desired);
  if (changes.length === 0) return undefined;
  const { uid, resourceVersion } = earlier.body.metadata;
  const preconditions = resourceVersion === undefined || uid === undefined ? {} : { uid, resourceVersion };
  const metadata = { ...desired.metadata, ...preconditions };
  return { ...earlier, verb: 'update', reason: reasonFor(changes), body: { ...desired, metadata }, changes };
}

/**
 * With resourceVersion and uid an apply fails if the object was changed or deleted since it was read. An apply with a
 * resourceVersion alone creates a deleted object anew.
 */
function withPreconditions(desired: KubeObject, existing: KubeObject): KubeObject {
  const { uid, resourceVersion } = versionOf(existing);
  return { ...desired, metadata: { ...desired.metadata, uid, resourceVersion } };
}

function reasonFor(changes: readonly FieldChange[]): string {
  if (changes.length === 0) return 'FieldsNotOurs';
  if (changes.some(({ path }) => /^(subsets|endpoints|ports|addressType)$/.test(path)))
    return 'EndpointsChanged';
  return changes.some(({ path }) => path.startsWith('spec.')) ? 'SpecChanged' : 'MetadataChanged';
}

/** Deletes exactly the object that was read: not a changed one, and not a new one of the same name. */
export function deleteAction(kind: ObjectKind, object: KubeObject, reason: string): DeleteAction {
  const { namespace = '', name } = object.metadata;
  return { verb: 'delete', kind, namespace, name, ...versionOf(object), reason };
}

/** The preconditions of a write to this object. */
export function versionOf({ kind, metadata }: KubeObject): {
  readonly uid: string;
  readonly resourceVersion: string;
} {
  const { uid, resourceVersion } = metadata;
  if (uid === undefined || resourceVersion === undefined) {
    throw new Error(`${kind} ${metadata.name} was read without uid or resourceVersion`);
  }
  return { uid, resourceVersion };
}

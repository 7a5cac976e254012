import type { KubeObject, ObjectKind } from '../manifest/kube-object.ts';
import { type ContestedField, differenceTo, type FieldChange, isUnchanged } from './field-difference.ts';
import type { ApplyAction } from './object-plan.ts';

/** What bringing one object to its desired content takes. */
export interface Application {
  /** Undefined when nothing has to be written. */
  readonly action: ApplyAction | undefined;
  /** Fields that another declarative owner holds with another value and that we may not take. */
  readonly conflicts: readonly ContestedField[];
}

export interface ApplicationOptions {
  /** The object is not ours yet. */
  readonly adopting: boolean;
  /** Fields that others declare may be taken from them. */
  readonly force: boolean;
  /** The Service that the body refers to is created by the same plan. */
  readonly awaitsServiceUid: boolean;
}

/**
 * Compares and, only where something differs, applies. Fields that somebody merely edited (`Update`) in an
 * object of ours are put right by force: that is drift. Fields that somebody else applies are theirs, and taking
 * them needs leave (`mayTake`).
 */
export function applicationOf(
  desired: KubeObject,
  existing: KubeObject | undefined,
  options: ApplicationOptions,
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
    body: pinnedTo(existing, desired),
    force: options.adopting || difference.contested.length > 0,
    changes: difference.changes,
  };
  return { action, conflicts };
}

/**
 * A further step for an object that an earlier action of the same plan writes. Its resourceVersion is that of the
 * object as first read; whoever carries the plan out replaces it by the one that the earlier write came back with.
 */
export function furtherApplication(desired: KubeObject, earlier: ApplyAction): ApplyAction | undefined {
  const { changes } = differenceTo(earlier.body, desired);
  if (changes.length === 0) return undefined;
  const { uid, resourceVersion } = earlier.body.metadata;
  const pin = resourceVersion === undefined || uid === undefined ? {} : { uid, resourceVersion };
  const metadata = { ...desired.metadata, ...pin };
  return { ...earlier, verb: 'update', reason: reasonFor(changes), body: { ...desired, metadata }, changes };
}

/**
 * The resourceVersion makes a change in between a conflict, the uid a deletion: an apply that carries a
 * resourceVersion alone makes an object that is gone anew.
 */
function pinnedTo(existing: KubeObject, desired: KubeObject): KubeObject {
  const { uid, resourceVersion } = existing.metadata;
  if (uid === undefined || resourceVersion === undefined) {
    throw new Error(`${desired.kind} ${desired.metadata.name} was read without uid or resourceVersion`);
  }
  return { ...desired, metadata: { ...desired.metadata, uid, resourceVersion } };
}

function reasonFor(changes: readonly FieldChange[]): string {
  if (changes.length === 0) return 'FieldsNotOurs';
  if (changes.some(({ path }) => /^(subsets|endpoints|ports|addressType)$/.test(path)))
    return 'EndpointsChanged';
  return changes.some(({ path }) => path.startsWith('spec.')) ? 'SpecChanged' : 'MetadataChanged';
}

import type { KubeObject, ManagedFieldsEntry } from '../../manifest/kube-object.ts';
import {
  ENDPOINTS_MANAGED_BY_LABEL,
  HEADLESS_LABEL,
  LAST_APPLIED_ANNOTATION,
  MANAGER,
  OVER_CAPACITY_ANNOTATION,
  SERVICE_NAME_LABEL,
  SKIP_MIRROR_LABEL,
  SLICE_MANAGED_BY_LABEL,
  TRIGGER_TIME_ANNOTATION,
} from '../../manifest/labels.ts';
import {
  type ContestedField,
  contestedBy,
  type FieldChange,
  type OtherOwner,
  ownersOf,
} from './field-difference.ts';
import {
  ANNOTATIONS,
  type FieldPath,
  fieldPath,
  fieldsOf,
  isWithin,
  LABELS,
  portItemOf,
  readablePath,
  SERVICE_PORTS,
  servicePortPath,
} from './field-paths.ts';
import { cleanEntries, takenEntries } from './managed-entries.ts';

/**
 * The new owners of an object's fields. Server-side apply cannot do this itself, however hard it is forced:
 *
 *   - Service ports are a map by port and protocol, so another manager's ports stay beside ours;
 *   - a field stays with the manager that wrote it, even if nobody runs that manager any more.
 *
 * So `managedFields` is rewritten first, as client-go does it (`csaupgrade/upgrade.go:61`). A field that we do not want
 * becomes ours, and the next apply removes it because it no longer asks for it. Until then the content stays the same.
 */
export interface Adoption {
  readonly managedFields: readonly ManagedFieldsEntry[];
  /** Every other manager loses the whole object; otherwise single fields change owner. */
  readonly isWhole: boolean;
  /** The fields that change owner, for people. */
  readonly changes: readonly FieldChange[];
  /** The object with these owners. */
  readonly after: KubeObject;
}

export interface AdoptionResult {
  /** Undefined: the owners are right already. */
  readonly adoption: Adoption | undefined;
  /** Fields that must change and that another manager applies. */
  readonly conflicts: readonly ContestedField[];
}

export interface AdoptionOptions {
  /**
   * True: the object was not ours. No other manager keeps a field of it; content that we do not ask for stays.
   * False: only the fields in the way change owner.
   */
  readonly adopting: boolean;
  /** Take fields from managers that apply them, too. */
  readonly force: boolean;
}

export function adoptFields(
  existing: KubeObject,
  desired: KubeObject,
  { adopting, force }: AdoptionOptions,
): AdoptionResult {
  const entries = existing.metadata.managedFields ?? [];
  const isWhole = adopting || entries.length === 0;
  const { ours, others } = ownersOf(existing);
  const inTheWay = unwantedFields(existing, desired, isWhole).filter(
    (path) => !ours.has(path) || others.some(({ paths }) => paths.has(path)),
  );
  const declared = isWhole || force ? [] : others.filter(({ entry }) => entry.operation === 'Apply');
  const isTheirs = (path: FieldPath) => declared.some((owner) => owns(owner, wholeOf(path, desired)));
  const taken = inTheWay.filter((path) => !isTheirs(path));
  const conflicts = contestedFields(
    inTheWay.filter(
      (path) => isTheirs(path) && (isPartOfWanted(path, desired) || isOursAlone(path, desired)),
    ),
    declared,
  );
  const hasOtherManagers = others.some(({ entry }) => entry.manager !== MANAGER);
  if (taken.length === 0 && !(isWhole && (hasOtherManagers || entries.length === 0))) {
    return { adoption: undefined, conflicts };
  }
  const managedFields = isWhole ? cleanEntries(existing, desired, taken) : takenEntries(existing, taken);
  const after = { ...existing, metadata: { ...existing.metadata, managedFields } };
  const changes = taken.map((path) => ({
    path: `owner of ${readablePath(path)}`,
    from: 'others',
    to: MANAGER,
  }));
  return { adoption: { managedFields, isWhole, changes, after }, conflicts };
}

/** Live fields that our next apply must remove, whichever manager owns them. */
function unwantedFields(existing: KubeObject, desired: KubeObject, isWhole: boolean): FieldPath[] {
  const wanted = fieldsOf(desired);
  const wantedItems = new Set(wantedPortItems(desired));
  return [...fieldsOf(existing).keys()].filter((path) => {
    if (wanted.has(path)) return false;
    if (isWithin(path, SERVICE_PORTS)) {
      // The cluster gives a node port its number, and other systems refer to that number.
      return !path.endsWith('f:nodePort') || ![...wantedItems].some((item) => isWithin(path, item));
    }
    return isOursAlone(path, existing) || (isWhole && path === LAST_APPLIED);
  });
}

const LAST_APPLIED = fieldPath(ANNOTATIONS, `f:${LAST_APPLIED_ANNOTATION}`);

/**
 * Fields that no other manager may keep. Some say what only we may say; controllers act upon the others, and each of
 * those would keep kube-proxy or the mirroring controller from these endpoints.
 */
const OURS_ALONE: Readonly<Record<string, readonly FieldPath[]>> = {
  Endpoints: [
    ...[
      HEADLESS_LABEL,
      ENDPOINTS_MANAGED_BY_LABEL,
      SERVICE_NAME_LABEL,
      SLICE_MANAGED_BY_LABEL,
      SKIP_MIRROR_LABEL,
    ].map((label) => fieldPath(LABELS, `f:${label}`)),
    ...[OVER_CAPACITY_ANNOTATION, TRIGGER_TIME_ANNOTATION].map((key) => fieldPath(ANNOTATIONS, `f:${key}`)),
    fieldPath('f:subsets'),
  ],
  EndpointSlice: [fieldPath(LABELS, `f:${HEADLESS_LABEL}`)],
};

function isOursAlone(path: FieldPath, { kind }: KubeObject): boolean {
  return OURS_ALONE[kind]?.includes(path) === true;
}

function wantedPortItems(desired: KubeObject): FieldPath[] {
  const { spec } = desired as { readonly spec?: { readonly ports?: readonly { port: number }[] } };
  return (spec?.ports ?? []).map(servicePortPath);
}

/** True for a field of a port that we want; false for a field of a port that only others want. */
function isPartOfWanted(path: FieldPath, desired: KubeObject): boolean {
  return wantedPortItems(desired).some((item) => isWithin(path, item));
}

function owns({ paths }: OtherOwner, part: FieldPath): boolean {
  return [...paths].some((path) => isWithin(path, part));
}

/** A port that we do not want is one thing: a manager that applies one of its fields keeps the whole port. */
function wholeOf(path: FieldPath, desired: KubeObject): FieldPath {
  return isWithin(path, SERVICE_PORTS) && !isPartOfWanted(path, desired) ? portItemOf(path) : path;
}

function contestedFields(paths: readonly FieldPath[], owners: readonly OtherOwner[]): ContestedField[] {
  return paths.flatMap((path) =>
    owners.filter((owner) => owns(owner, path)).map(({ entry }) => contestedBy(path, entry)),
  );
}

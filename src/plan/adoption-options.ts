import type { KubeObject, ManagedFieldsEntry, ObjectKind } from '../manifest/kube-object.ts';
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
} from '../manifest/labels.ts';
import { type ContestedField, contestedBy, type OtherOwner, ownersOf } from './field-difference.ts';
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
import type { PatchAction } from './object-plan.ts';

/**
 * The step before an apply that apply itself cannot take. What others wrote stays beside ours however hard we
 * force: Service ports are told apart by number, so theirs are not replaced but joined, and a field that some
 * manager once wrote is its own for ever, though nobody runs that manager any more. So ownership is moved in
 * `managedFields` first, as client-go does it (`csaupgrade/upgrade.go:61`): what is not wanted becomes ours, and
 * goes with the apply that no longer asks for it. The content does not change until then.
 */
export interface Adoption {
  readonly action: PatchAction;
  /** The object as it will be after that. */
  readonly after: KubeObject;
}

export interface AdoptionResult {
  /** Undefined where ownership is in order. */
  readonly adoption: Adoption | undefined;
  /** What would have to go and is declared by somebody else. */
  readonly conflicts: readonly ContestedField[];
}

export interface AdoptionOptions {
  /**
   * The object was not ours: nobody else goes on owning anything of it, but its content stays where we want nothing
   * else. Otherwise only what is in the way is taken.
   */
  readonly adopting: boolean;
  /** Also from those who declare it. */
  readonly force: boolean;
}

export function adoptionOf(
  existing: KubeObject,
  desired: KubeObject,
  { adopting, force }: AdoptionOptions,
): AdoptionResult {
  const entries = existing.metadata.managedFields ?? [];
  const clean = adopting || entries.length === 0;
  const { ours, others } = ownersOf(existing);
  const inTheWay = unwantedFields(existing, desired, clean).filter(
    (path) => !ours.has(path) || others.some(({ paths }) => paths.has(path)),
  );
  const declared = clean || force ? [] : others.filter(({ entry }) => entry.operation === 'Apply');
  const isTheirs = (path: FieldPath) => declared.some((owner) => owns(owner, wholeOf(path, desired)));
  const taken = inTheWay.filter((path) => !isTheirs(path));
  const conflicts = inTheWay.filter(
    (path) => isTheirs(path) && (isPartOfWanted(path, desired) || isOursAlone(path, desired)),
  );
  const foreignSlices = others.filter(({ entry }) => entry.manager !== MANAGER);
  if (taken.length === 0 && !(clean && (foreignSlices.length > 0 || entries.length === 0))) {
    return { adoption: undefined, conflicts: contestedFields(conflicts, declared) };
  }
  const managedFields = clean ? cleanEntries(existing, desired, taken) : takenEntries(existing, taken);
  const after = { ...existing, metadata: { ...existing.metadata, managedFields } };
  return {
    adoption: { action: patchOf(existing, managedFields, clean, taken), after },
    conflicts: contestedFields(conflicts, declared),
  };
}

/** Live fields that must not outlast our next apply, whoever owns them. */
function unwantedFields(existing: KubeObject, desired: KubeObject, clean: boolean): FieldPath[] {
  const wanted = fieldsOf(desired);
  const wantedItems = new Set(wantedPortItems(desired));
  return [...fieldsOf(existing).keys()].filter((path) => {
    if (wanted.has(path)) return false;
    if (isWithin(path, SERVICE_PORTS)) {
      // The number of a node port is the cluster's to give, and other systems have it written down.
      return !path.endsWith('f:nodePort') || ![...wantedItems].some((item) => isWithin(path, item));
    }
    return isOursAlone(path, existing) || (clean && path === LAST_APPLIED);
  });
}

const LAST_APPLIED = fieldPath(ANNOTATIONS, `f:${LAST_APPLIED_ANNOTATION}`);

/**
 * What is nobody's but ours to say, and marks that somebody acts upon: each would keep kube-proxy or the mirroring
 * controller from these endpoints.
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

/** A field of a port of ours, as opposed to a port that is wholly somebody else's. */
function isPartOfWanted(path: FieldPath, desired: KubeObject): boolean {
  return wantedPortItems(desired).some((item) => isWithin(path, item));
}

function owns({ paths }: OtherOwner, part: FieldPath): boolean {
  return [...paths].some((path) => isWithin(path, part));
}

/** A port that we do not want is one thing: whoever declares a field of it has the whole. */
function wholeOf(path: FieldPath, desired: KubeObject): FieldPath {
  return isWithin(path, SERVICE_PORTS) && !isPartOfWanted(path, desired) ? portItemOf(path) : path;
}

function contestedFields(paths: readonly FieldPath[], owners: readonly OtherOwner[]): ContestedField[] {
  return paths.flatMap((path) =>
    owners.filter((owner) => owns(owner, path)).map(({ entry }) => contestedBy(path, entry)),
  );
}

function patchOf(
  { kind, metadata }: KubeObject,
  managedFields: readonly ManagedFieldsEntry[],
  clean: boolean,
  taken: readonly FieldPath[],
): PatchAction {
  const { namespace = '', name, resourceVersion } = metadata;
  if (resourceVersion === undefined) throw new Error(`${kind} ${name} was read without a resourceVersion`);
  return {
    verb: 'update',
    kind: kind as ObjectKind,
    namespace,
    name,
    reason: clean ? 'OwnershipTaken' : 'FieldsTaken',
    patchType: 'json',
    resourceVersion,
    patch: [{ op: 'add', path: '/metadata/managedFields', value: managedFields }],
    changes: taken.map((path) => ({ path: `owner of ${readablePath(path)}`, from: 'others', to: MANAGER })),
  };
}

import type { ApiFailure, ApiResult, ObjectStore } from '../cluster/object-store.ts';
import { ownerReference } from '../manifest/endpoint-slice.ts';
import type { KubeObject, ServiceObject } from '../manifest/kube-object.ts';
import type { Action, ApplyAction, ObjectPlan, PatchAction } from '../plan/object-plan.ts';

/** How carrying out a plan ended. */
export type PlanOutcome = Written &
  (
    | { readonly status: 'done' }
    /** The objects differ from those that the plan was made from, or the outcome is unknown: read and decide again. */
    | { readonly status: 'outdated'; readonly failure: ApiFailure }
    | { readonly status: 'failed'; readonly action: Action; readonly failure: ApiFailure }
  );

export interface Written {
  /** The actions that were written, in order. */
  readonly done: readonly Action[];
  /** The objects as the API server answered, by `Kind/name`; undefined for what is deleted. */
  readonly objects: WrittenObjects;
  readonly warnings: readonly string[];
}

type WrittenObjects = ReadonlyMap<string, KubeObject | undefined>;

/** Writes the actions of one plan, one after the other: their order is what keeps traffic from a gap. */
export async function writeActions(
  plan: ObjectPlan,
  store: ObjectStore,
  options: { readonly dryRun: boolean },
  signal: AbortSignal,
): Promise<PlanOutcome> {
  const done: Action[] = [];
  const warnings: string[] = [];
  const objects = new Map<string, KubeObject | undefined>();
  for (const action of plan.actions) {
    if (options.dryRun && !isCheckable(action, done)) {
      done.push(action);
      continue;
    }
    const key = `${action.kind}/${action.name}`;
    const result = await write(
      action,
      options.dryRun ? servicesIn(objects) : objects,
      store,
      options,
      signal,
    );
    if (!result.ok) {
      const { failure } = result;
      // The garbage collector, for one, follows a deleted Service to its slices.
      if (action.verb === 'delete' && failure.reason === 'NotFound') {
        done.push(action);
        objects.set(key, undefined);
        continue;
      }
      return { ...statusOf(failure, action), done, objects, warnings };
    }
    done.push(action);
    warnings.push(...result.warnings.filter((warning) => !isKnownWarning(warning)));
    objects.set(key, result.value);
    const surprise = unexpectedFamilies(plan, action, result.value, options);
    if (surprise !== undefined) return { status: 'outdated', done, objects, warnings, failure: surprise };
  }
  return { status: 'done', done, objects, warnings };
}

function statusOf(failure: ApiFailure, action: Action) {
  const isOutdated =
    failure.outcomeUnknown ||
    ['Conflict', 'FieldConflict', 'AlreadyExists', 'NotFound'].includes(failure.reason);
  return isOutdated
    ? ({ status: 'outdated', failure } as const)
    : ({ status: 'failed', failure, action } as const);
}

/**
 * In a dry run nothing is kept, so what builds on an earlier write of the same object would be judged against an
 * object that is not there. Applies alone carry all that they need, unless a patch should have prepared the object.
 */
function isCheckable(action: Action, done: readonly Action[]): boolean {
  const earlier = done.filter(({ kind, name }) => kind === action.kind && name === action.name);
  return earlier.length === 0 || ('body' in action && earlier.every((each) => 'body' in each));
}

/** All that a dry run may pass on: the uid that a Service would have. */
function servicesIn(objects: WrittenObjects): WrittenObjects {
  const services = [...objects].filter(([, object]) => object?.kind === 'Service');
  return new Map(
    services.map(([key, object]) => {
      if (object === undefined) return [key, undefined];
      const { resourceVersion: _resourceVersion, ...metadata } = object.metadata;
      return [key, { ...object, metadata }];
    }),
  );
}

function write(
  action: Action,
  written: WrittenObjects,
  store: ObjectStore,
  { dryRun }: { readonly dryRun: boolean },
  signal: AbortSignal,
): Promise<ApiResult<KubeObject | undefined>> {
  const newest = written.get(`${action.kind}/${action.name}`)?.metadata.resourceVersion;
  if (action.verb === 'delete') {
    const { uid, resourceVersion } = action;
    return store.delete(action, { uid, resourceVersion: newest ?? resourceVersion, dryRun }, signal);
  }
  if ('patch' in action) {
    const { patchType: type, resourceVersion } = action;
    const body = patchBody(action, newest ?? resourceVersion);
    return store.patch(action, { type, body }, { dryRun }, signal);
  }
  return store.apply(bodyOf(action, written, newest), { force: action.force, dryRun }, signal);
}

/** With the resourceVersion in it: should that be another by now, the answer is a conflict. */
function patchBody(action: PatchAction, resourceVersion: string): unknown {
  if (action.patchType === 'merge') return { metadata: { resourceVersion }, ...action.patch };
  const pin = { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion };
  return [pin, ...action.patch];
}

/**
 * A version that no object of the cluster can have. Server-side apply has no way to say "only if it does not exist":
 * by itself it would merge our fields into whatever was created meanwhile. With this in its body it makes the object
 * when there is none, and is answered with a conflict when there is one (recorded: `apply-stale-resourceversion`).
 */
const OF_NO_OBJECT = '1';

/** The action's body with what only an earlier write of the same plan could tell. */
function bodyOf(action: ApplyAction, written: WrittenObjects, newest: string | undefined): KubeObject {
  const { body, verb } = action;
  const resourceVersion = newest ?? (verb === 'create' ? OF_NO_OBJECT : body.metadata.resourceVersion);
  const pinned =
    resourceVersion === undefined ? body : { ...body, metadata: { ...body.metadata, resourceVersion } };
  if (action.awaitsServiceUid !== true) return pinned;
  const service = [...written.values()].find((object) => object?.kind === 'Service');
  const uid = service?.metadata.uid;
  if (service === undefined || uid === undefined) {
    throw new Error(`${action.kind} ${action.name} is written before the Service whose uid it needs`);
  }
  const ownerReferences = [ownerReference(service.metadata.name, uid)];
  return { ...pinned, metadata: { ...pinned.metadata, ownerReferences } };
}

/** The Service has other address families than the plan took it to have: its slices are to be decided anew. */
function unexpectedFamilies(
  { assumedFamilies: assumed }: ObjectPlan,
  action: Action,
  object: KubeObject | undefined,
  { dryRun }: { readonly dryRun: boolean },
): ApiFailure | undefined {
  if (dryRun || assumed === undefined || action.kind !== 'Service' || object === undefined) return undefined;
  const families = (object as ServiceObject).spec.ipFamilies ?? [];
  const isSame = assumed.length === families.length && assumed.every((family) => families.includes(family));
  if (families.length === 0 || isSame) return undefined;
  return {
    reason: 'Conflict',
    httpStatus: 409,
    message: `the Service has ${families.join(' and ')}, not ${assumed.join(' and ')}`,
    outcomeUnknown: false,
  };
}

/**
 * Endpoints are deprecated since 1.33, and the API server warns with every request about them: the target asks for them.
 * It also warns about `externalName` between the two writes that convert such a Service.
 */
function isKnownWarning(warning: string): boolean {
  return warning.includes('v1 Endpoints is deprecated') || warning.startsWith('spec.externalName is ignored');
}

import { ownerReference } from '../manifest/endpoint-slice.ts';
import type { KubeObject, ServiceObject } from '../manifest/kube-object.ts';
import { MANAGER } from '../manifest/labels.ts';
import type { Action, ApplyAction, ObjectPlan, PatchAction } from '../plan/object-plan.ts';
import type { ApiFailure, ApiResult, ObjectStore } from './object-store.ts';

/** How carrying out a plan ended. */
export type PlanOutcome = Written &
  (
    | { readonly status: 'done' }
    /** The cluster is no longer what the plan was made from, or nobody knows: read again and decide again. */
    | { readonly status: 'outdated'; readonly failure: ApiFailure }
    | { readonly status: 'failed'; readonly action: Action; readonly failure: ApiFailure }
  );

export interface Written {
  /** The actions that were carried out, in order. */
  readonly done: readonly Action[];
  /** The objects as the API server answered, by `Kind/name`; undefined for what is deleted. */
  readonly objects: WrittenObjects;
  readonly warnings: readonly string[];
}

type WrittenObjects = ReadonlyMap<string, KubeObject | undefined>;

/** Writes the actions of one plan, one after the other: their order is what keeps traffic from a gap. */
export async function carryOut(
  plan: ObjectPlan,
  store: ObjectStore,
  options: { readonly dryRun: boolean },
  signal: AbortSignal,
): Promise<PlanOutcome> {
  const done: Action[] = [];
  const warnings: string[] = [];
  const objects = new Map<string, KubeObject | undefined>();
  for (const action of plan.actions) {
    if (options.dryRun && !canBeJudged(action, done)) {
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
      if (action.verb === 'delete' && failure.reason === 'NotFound') {
        objects.set(key, undefined);
        continue;
      }
      return { ...statusOf(failure, action), done, objects, warnings };
    }
    const clash = await clashOf(action, result, store, options, signal);
    if (clash === undefined) {
      done.push(action);
      warnings.push(...result.warnings.filter((warning) => !isKnownWarning(warning)));
      objects.set(key, result.value);
    }
    const surprise = clash ?? unexpectedFamilies(plan, action, result.value, options);
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
function canBeJudged(action: Action, done: readonly Action[]): boolean {
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

/** The action's body with what only an earlier write of the same plan could tell. */
function bodyOf(action: ApplyAction, written: WrittenObjects, newest: string | undefined): KubeObject {
  const { body } = action;
  const pinned =
    newest === undefined ? body : { ...body, metadata: { ...body.metadata, resourceVersion: newest } };
  if (action.awaitsServiceUid !== true) return pinned;
  const service = [...written.values()].find((object) => object?.kind === 'Service');
  const uid = service?.metadata.uid;
  if (service === undefined || uid === undefined) {
    throw new Error(`${action.kind} ${action.name} is written before the Service whose uid it needs`);
  }
  const ownerReferences = [ownerReference(service.metadata.name, uid)];
  return { ...pinned, metadata: { ...pinned.metadata, ownerReferences } };
}

/**
 * Server-side apply cannot say "only if it does not exist". When something of that name was made in between,
 * our fields were merged into it; applying nothing takes exactly those out again.
 */
async function clashOf(
  action: Action,
  { value: object, created }: { readonly value: KubeObject | undefined; readonly created: boolean },
  store: ObjectStore,
  { dryRun }: { readonly dryRun: boolean },
  signal: AbortSignal,
): Promise<ApiFailure | undefined> {
  if (action.verb !== 'create' || created || object === undefined) return undefined;
  const others = (object.metadata.managedFields ?? []).filter((entry) => entry.manager !== MANAGER);
  if (others.length === 0) return undefined;
  const { apiVersion, kind, metadata } = object;
  const { name, namespace = '', resourceVersion = '' } = metadata;
  if (!dryRun) {
    const bare = { apiVersion, kind, metadata: { name, namespace, resourceVersion } };
    const undone = await store.apply(bare, { force: false, dryRun: false }, signal);
    if (!undone.ok) return undone.failure;
  }
  return {
    reason: 'AlreadyExists',
    httpStatus: 409,
    message: `${kind} ${name} was created by somebody else at the same moment`,
    outcomeUnknown: false,
  };
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

/** Said on every request about Endpoints since 1.33; we write them because the target asks for them. */
function isKnownWarning(warning: string): boolean {
  return warning.includes('v1 Endpoints is deprecated');
}

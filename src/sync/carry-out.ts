import { ownerReference } from '../manifest/endpoint-slice.ts';
import type { KubeObject, ServiceObject } from '../manifest/kube-object.ts';
import { MANAGER } from '../manifest/labels.ts';
import type { Action, ApplyAction, ObjectPlan } from '../plan/object-plan.ts';
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
  readonly objects: ReadonlyMap<string, KubeObject | undefined>;
  readonly warnings: readonly string[];
}

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
    const result = await write(action, objects, store, options.dryRun, signal);
    if (!result.ok) {
      const { failure } = result;
      if (action.verb === 'delete' && failure.reason === 'NotFound') {
        objects.set(`${action.kind}/${action.name}`, undefined);
        continue;
      }
      if (isOutdated(failure)) return { status: 'outdated', done, objects, warnings, failure };
      return { status: 'failed', done, objects, warnings, action, failure };
    }
    done.push(action);
    warnings.push(...result.warnings.filter((warning) => !isKnownWarning(warning)));
    objects.set(`${action.kind}/${action.name}`, result.value);
    if (result.value === undefined) continue;
    const surprise =
      action.verb === 'create' && !result.created && (await stepBack(result.value, store, signal));
    if (surprise)
      return { status: 'outdated', done: done.slice(0, -1), objects, warnings, failure: surprise };
    const familyFailure = action.kind === 'Service' ? unexpectedFamilies(plan, result.value) : undefined;
    if (familyFailure !== undefined)
      return { status: 'outdated', done, objects, warnings, failure: familyFailure };
  }
  return { status: 'done', done, objects, warnings };
}

function write(
  action: Action,
  written: ReadonlyMap<string, KubeObject | undefined>,
  store: ObjectStore,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<ApiResult<KubeObject | undefined>> {
  if (action.verb === 'delete') {
    const { uid, resourceVersion } = action;
    return store.delete(action, { uid, resourceVersion, dryRun }, signal);
  }
  if ('patch' in action) {
    return store.patch(action, { type: action.patchType, body: action.patch }, { dryRun }, signal);
  }
  return store.apply(bodyOf(action, written), { force: action.force, dryRun }, signal);
}

/** The action's body with what only an earlier write of the same plan could tell. */
function bodyOf(action: ApplyAction, written: ReadonlyMap<string, KubeObject | undefined>): KubeObject {
  let { body } = action;
  const own = written.get(`${action.kind}/${action.name}`);
  if (own?.metadata.resourceVersion !== undefined) {
    body = { ...body, metadata: { ...body.metadata, resourceVersion: own.metadata.resourceVersion } };
  }
  if (action.awaitsServiceUid !== true) return body;
  const service = [...written.values()].find((object) => object?.kind === 'Service');
  const uid = service?.metadata.uid;
  if (service === undefined || uid === undefined) {
    throw new Error(`${action.kind} ${action.name} is written before the Service whose uid it needs`);
  }
  const ownerReferences = [ownerReference(service.metadata.name, uid)];
  return { ...body, metadata: { ...body.metadata, ownerReferences } };
}

/**
 * Server-side apply cannot say "only if it does not exist". When something of that name was made in between,
 * our fields were merged into it; applying nothing takes exactly those out again.
 */
async function stepBack(
  object: KubeObject,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<ApiFailure | false> {
  const others = (object.metadata.managedFields ?? []).filter((entry) => entry.manager !== MANAGER);
  if (others.length === 0) return false;
  const { apiVersion, kind, metadata } = object;
  const { name, namespace = '', resourceVersion = '' } = metadata;
  const bare = { apiVersion, kind, metadata: { name, namespace, resourceVersion } };
  const undone = await store.apply(bare, { force: false, dryRun: false }, signal);
  if (!undone.ok) return undone.failure;
  return {
    reason: 'AlreadyExists',
    httpStatus: 409,
    message: `${kind} ${name} was created by somebody else at the same moment`,
    outcomeUnknown: false,
  };
}

function unexpectedFamilies(plan: ObjectPlan, object: KubeObject): ApiFailure | undefined {
  const families = (object as ServiceObject).spec.ipFamilies ?? [];
  const assumed = plan.assumedFamilies;
  if (assumed === undefined || families.length === 0) return undefined;
  if (assumed.length === families.length && assumed.every((family) => families.includes(family)))
    return undefined;
  return {
    reason: 'Conflict',
    httpStatus: 409,
    message: `the Service has ${families.join(' and ')}, not ${assumed.join(' and ')}`,
    outcomeUnknown: false,
  };
}

function isOutdated(failure: ApiFailure): boolean {
  if (failure.outcomeUnknown) return true;
  return ['Conflict', 'FieldConflict', 'AlreadyExists', 'NotFound'].includes(failure.reason);
}

/** Said on every request about Endpoints since 1.33; we write them because the target asks for them. */
function isKnownWarning(warning: string): boolean {
  return warning.includes('v1 Endpoints is deprecated');
}

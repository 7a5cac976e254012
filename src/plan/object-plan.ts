import type { KubeObject, ObjectKind } from '../manifest/kube-object.ts';
import type { FieldChange } from './field-ownership/field-difference.ts';

/**
 * The next writes to the objects of one target. A value: `plan` prints it, `sync` and `run` apply it, tests compare it.
 * The order is part of it: after a stop at any action, the next plan continues from the state of the cluster.
 */
export interface ObjectPlan {
  readonly namespace: string;
  readonly name: string;
  readonly phase: PlanPhase;
  /** CamelCase; the same word in log, Event, metric and docs. */
  readonly reason: string;
  /** One sentence for people; empty if the reason is enough. */
  readonly message: string;
  readonly actions: readonly Action[];
  /** The condition for the next plan of this target; absent: this plan is the last one. */
  readonly continuation?: Continuation;
  /** The families that the plan assumes for a Service that it creates or changes. */
  readonly assumedFamilies?: readonly string[];
}

/**
 *     Published          at least one address is ready
 *     NotReady           the objects are up to date, and no address is ready
 *     Refused            something is skipped on purpose; what is ours already is kept up to date around it
 *     Pending            something else must happen first
 *     Deleted, Orphaned  the target left the list
 *     Kept               no list at hand may let it go: its objects stay as they stand
 */
export type PlanPhase = 'Published' | 'NotReady' | 'Refused' | 'Pending' | 'Deleted' | 'Orphaned' | 'Kept';

export type Action = ApplyAction | PatchAction | DeleteAction;

interface ActionOnObject {
  readonly kind: ObjectKind;
  readonly namespace: string;
  readonly name: string;
  /** CamelCase: why. */
  readonly reason: string;
}

/** One server-side apply. */
export interface ApplyAction extends ActionOnObject {
  readonly verb: 'create' | 'update';
  /** An update has uid and resourceVersion: it fails if the object was changed or deleted since it was read. */
  readonly body: KubeObject;
  /** Take fields from other managers. */
  readonly force: boolean;
  readonly changes: readonly FieldChange[];
  /** The body's owner reference needs the uid of the Service that this same plan creates. */
  readonly awaitsServiceUid?: boolean;
}

/** A patch, for changes that server-side apply cannot make. */
export type PatchAction = ActionOnObject & {
  readonly verb: 'update';
  /** A precondition: of the object as it was read. Not part of `patch`. */
  readonly resourceVersion: string;
  readonly changes: readonly FieldChange[];
} & (
    | { readonly patchType: 'json'; readonly patch: readonly JsonPatchOperation[] }
    | { readonly patchType: 'merge'; readonly patch: Readonly<Record<string, unknown>> }
  );

/** RFC 6902. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

export interface DeleteAction extends ActionOnObject {
  readonly verb: 'delete';
  readonly uid: string;
  readonly resourceVersion: string;
}

/** What must come true before the next plan, so that traffic never meets a gap. */
export type Continuation =
  /** The mirroring controller has deleted its slices. Until then our slices copy their readiness. */
  | { readonly until: 'MirroredSlicesGone' }
  /** The mirrored slices say what the Endpoints say. Until then nothing else may change. */
  | { readonly until: 'MirroredSlicesPresent' }
  /** The Pods that the Service selects are ready; until then our slices stay. */
  | { readonly until: 'SelectedPodsReady' }
  /** Nothing: the objects are read again, and the next plan is made from them. */
  | { readonly until: 'ServiceRead' };

import type { KubeObject, ObjectKind } from '../manifest/kube-object.ts';
import type { FieldChange } from './field-ownership/field-difference.ts';

/**
 * What shall be done to the objects of one target, in order. A value: `plan` prints it, `sync` and `run`
 * carry it out, tests compare it. Order is part of its meaning; stopping after any action leaves the
 * cluster in a state from which the next plan goes on.
 */
export interface ObjectPlan {
  readonly namespace: string;
  readonly name: string;
  readonly phase: PlanPhase;
  /** CamelCase; the same word in log, Event, metric and docs. */
  readonly reason: string;
  /** One sentence for people; may be empty where the reason says it all. */
  readonly message: string;
  readonly actions: readonly Action[];
  /** What must come true before this target is decided again in the same pass; absent when this is all. */
  readonly continuation?: Continuation;
  /** The families that the plan takes a Service yet to be created to have. */
  readonly assumedFamilies?: readonly string[];
}

/**
 * Published: at least one address is ready. NotReady: the objects are true, but no address is ready.
 * Refused: something is left as it is, on purpose; what is ours already is kept true around it. Pending: something
 * must happen first. Deleted and Orphaned: the
 * target left the list.
 */
export type PlanPhase = 'Published' | 'NotReady' | 'Refused' | 'Pending' | 'Deleted' | 'Orphaned';

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
  /** Carries uid and resourceVersion for an update, so that a change or deletion in between is a conflict. */
  readonly body: KubeObject;
  /** Take fields from whoever has them. */
  readonly force: boolean;
  readonly changes: readonly FieldChange[];
  /** The body's owner reference needs the uid of the Service that this same plan creates. */
  readonly awaitsServiceUid?: boolean;
}

/** A patch for what server-side apply cannot say. */
export type PatchAction = ActionOnObject & {
  readonly verb: 'update';
  /** Of the object as it was read: a change in between is a conflict. Not part of `patch`. */
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

/** What a plan waits for, so that traffic never meets a gap. */
export type Continuation =
  /** The mirroring controller has taken its copies away; until then our slices repeat what those say. */
  | { readonly until: 'MirroredSlicesGone' }
  /** The mirroring controller's copies say what the Endpoints say; until then nothing else may change. */
  | { readonly until: 'MirroredSlicesPresent' }
  /** The Pods that the Service selects are ready; until then our slices stay. */
  | { readonly until: 'SelectedPodsReady' }
  /** The Service has been written; the rest is decided from what the API server made of it. */
  | { readonly until: 'ServiceRead' };

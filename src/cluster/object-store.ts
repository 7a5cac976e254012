import type { KubeObject } from '../manifest/kube-object.ts';

/** The kinds of object that this project reads or writes. */
export type StoredKind =
  | 'Service'
  | 'Endpoints'
  | 'EndpointSlice'
  | 'ConfigMap'
  | 'Lease'
  | 'Event'
  | 'Namespace'
  | 'ServiceCIDR';

/** The cluster as a port. Rejects with `signal.reason` only; other failures are results. */
export interface ObjectStore {
  list(kind: StoredKind, scope: ListScope, signal: AbortSignal): Promise<ApiResult<KubeList>>;
  get(reference: ObjectReference, signal: AbortSignal): Promise<ApiResult<KubeObject>>;
  /** Creates an object; `AlreadyExists` if there is one of that name. */
  create(body: KubeObject, options: WriteOptions, signal: AbortSignal): Promise<ApiResult<KubeObject>>;
  /** Replaces the object; `Conflict` if it has changed since the `metadata.resourceVersion` of `body`. */
  replace(body: KubeObject, options: WriteOptions, signal: AbortSignal): Promise<ApiResult<KubeObject>>;
  apply(body: KubeObject, options: ApplyOptions, signal: AbortSignal): Promise<ApiResult<KubeObject>>;
  patch(
    reference: ObjectReference,
    patch: { readonly type: 'json' | 'merge'; readonly body: unknown },
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<ApiResult<KubeObject>>;
  delete(
    reference: ObjectReference,
    options: DeleteOptions,
    signal: AbortSignal,
  ): Promise<ApiResult<undefined>>;
  /**
   * The changes after `scope.resourceVersion`, in their order. Ends after `FAILED`, and when the server ends the
   * watch, which it does about every hour.
   */
  watch(kind: StoredKind, scope: WatchScope, signal: AbortSignal): AsyncIterable<WatchEvent>;
}

export interface ObjectReference {
  readonly kind: StoredKind;
  readonly namespace: string;
  readonly name: string;
}

/** Without a namespace: all of them. */
export interface ListScope {
  readonly namespace?: string;
  /** Kubernetes' syntax: `key=value,other in (a,b)`. */
  readonly labelSelector?: string;
  /** Kubernetes' syntax: `metadata.name=NAME`. */
  readonly fieldSelector?: string;
}

export interface WatchScope extends ListScope {
  readonly resourceVersion: string;
}

export type WatchEvent =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject }
  /** Nothing has changed up to this version. After an interruption the next watch starts there. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }
  | { readonly type: 'FAILED'; readonly failure: ApiFailure };

export interface KubeList {
  readonly resourceVersion: string;
  readonly items: readonly KubeObject[];
}

export interface WriteOptions {
  /** `dryRun=All`: admission and validation run, nothing is stored. */
  readonly dryRun: boolean;
  /**
   * Called directly before each try, which may come after a long pause. Returns why the write must not be sent any
   * more.
   */
  readonly fence?: Fence | undefined;
}

export type Fence = () => ApiFailure | undefined;

export interface ApplyOptions extends WriteOptions {
  readonly force: boolean;
}

/** Preconditions: the write succeeds only on the object in exactly this version. */
export interface DeleteOptions extends WriteOptions {
  readonly uid: string;
  readonly resourceVersion: string;
}

export type ApiResult<T> =
  | {
      readonly ok: true;
      readonly value: T;
      /** The write created the object (HTTP 201). */
      readonly created: boolean;
      /** The texts of the `Warning` headers. */
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly failure: ApiFailure };

/** Why a request failed, in the terms of the API server's `Status` if it sent one. */
export interface ApiFailure {
  readonly reason: ApiFailureReason;
  /** 0 if no answer came. */
  readonly httpStatus: number;
  readonly message: string;
  /** Whether the write may have been done: no answer came, or an answer that leaves it open. */
  readonly outcomeUnknown: boolean;
  readonly retryAfterMs?: number;
}

export type ApiFailureReason =
  | 'Unreachable'
  /** A credential plugin failed, or a token file is missing. Nothing was sent. */
  | 'CredentialsUnavailable'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'NamespaceNotFound'
  | 'NamespaceTerminating'
  | 'AlreadyExists'
  | 'Conflict'
  | 'FieldConflict'
  | 'Invalid'
  | 'TooManyRequests'
  | 'Timeout'
  | 'Expired'
  | 'ServerError'
  | 'Rejected'
  | 'NotLeader'
  /** The time of the pass was over. Nothing was sent. */
  | 'PassTimeout';

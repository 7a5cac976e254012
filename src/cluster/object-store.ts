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

/** The cluster as a port. Never rejects but with `signal.reason`: what goes wrong there is part of the job. */
export interface ObjectStore {
  list(kind: StoredKind, scope: ListScope, signal: AbortSignal): Promise<ApiResult<KubeList>>;
  get(reference: ObjectReference, signal: AbortSignal): Promise<ApiResult<KubeObject>>;
  /** Makes a new object; `AlreadyExists` when its name is taken. */
  create(body: KubeObject, options: WriteOptions, signal: AbortSignal): Promise<ApiResult<KubeObject>>;
  /** Puts `body` in place of the object as it was at its `metadata.resourceVersion`; `Conflict` when it changed since. */
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
   * What changes from `scope.resourceVersion` on, in the order of the changes. Ends when the server ends it,
   * which it does every hour or so, and after `FAILED`.
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
  /** Nothing changed up to there: the place to go on from after a break. */
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string }
  | { readonly type: 'FAILED'; readonly failure: ApiFailure };

export interface KubeList {
  readonly resourceVersion: string;
  readonly items: readonly KubeObject[];
}

export interface WriteOptions {
  /** `dryRun=All`: admission and validation run, nothing is stored. */
  readonly dryRun: boolean;
  /** Asked right before each try, which may come after a long pause: why nothing may be sent any more, if so. */
  readonly fence?: Fence | undefined;
}

export type Fence = () => ApiFailure | undefined;

export interface ApplyOptions extends WriteOptions {
  readonly force: boolean;
}

/** Preconditions: the very object that was read, or nothing. */
export interface DeleteOptions extends WriteOptions {
  readonly uid: string;
  readonly resourceVersion: string;
}

export type ApiResult<T> =
  | {
      readonly ok: true;
      readonly value: T;
      /** The write made a new object (HTTP 201). */
      readonly created: boolean;
      /** `Warning` headers, as people should read them. */
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly failure: ApiFailure };

/** Why the API server did not do it, in the terms of its own `Status` where it sent one. */
export interface ApiFailure {
  readonly reason: ApiFailureReason;
  /** 0 when no answer came. */
  readonly httpStatus: number;
  readonly message: string;
  /** Whether the write may have been done all the same: no answer came, or one that leaves it open. */
  readonly outcomeUnknown: boolean;
  readonly retryAfterMs?: number;
}

export type ApiFailureReason =
  | 'Unreachable'
  /** A credential plugin failed, a token file is gone: nothing was sent. */
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
  /** The pass was out of time: nothing more was sent. */
  | 'PassTimeout';

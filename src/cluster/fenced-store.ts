import type { ApiFailure, ApiResult, Fence, ObjectStore } from './object-store.ts';

/**
 * Lets writes through only while this replica leads, including writes that have waited in a queue or are retried.
 * Updates carry a resourceVersion, and leadership ends before the Lease does. So a late write of a deposed leader
 * changes nothing.
 */
export function fencedStore(store: ObjectStore, isLeader: () => boolean): ObjectStore {
  const fence: Fence = () => (isLeader() ? undefined : NOT_LEADER);
  const unlessDeposed = async <T>(write: () => Promise<ApiResult<T>>): Promise<ApiResult<T>> => {
    const failure = fence();
    return failure === undefined ? write() : { ok: false, failure };
  };
  return {
    list: (kind, scope, signal) => store.list(kind, scope, signal),
    get: (reference, signal) => store.get(reference, signal),
    create: (body, options, signal) => unlessDeposed(() => store.create(body, { ...options, fence }, signal)),
    replace: (body, options, signal) =>
      unlessDeposed(() => store.replace(body, { ...options, fence }, signal)),
    apply: (body, options, signal) => unlessDeposed(() => store.apply(body, { ...options, fence }, signal)),
    patch: (reference, patch, options, signal) =>
      unlessDeposed(() => store.patch(reference, patch, { ...options, fence }, signal)),
    delete: (reference, options, signal) =>
      unlessDeposed(() => store.delete(reference, { ...options, fence }, signal)),
    watch: (kind, scope, signal) => store.watch(kind, scope, signal),
  };
}

const NOT_LEADER: ApiFailure = {
  reason: 'NotLeader',
  httpStatus: 0,
  message: 'another replica leads now; it continues',
  outcomeUnknown: false,
};

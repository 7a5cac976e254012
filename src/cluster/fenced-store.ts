import type { ApiFailure, ApiResult, Fence, ObjectStore } from './object-store.ts';

/**
 * Lets writes through only while this replica leads, also those that have waited for their turn or are tried again.
 * Together with the resourceVersion in every update, and with leadership that ends before the Lease does, a deposed
 * leader's late write changes nothing.
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
  message: 'another replica leads now; it goes on with this',
  outcomeUnknown: false,
};

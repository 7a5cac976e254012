import type { Change, Store } from '../../../src/embedded/apiserver/store.ts';
import { contentOf, hasSelector, PRODUCT, SLICE_MANAGED_BY, serviceKeyOfSlice } from '../world/kube-words.ts';

/**
 * A release to Pods may delete our slices only when a Pod serves; otherwise kube-proxy has no endpoint.
 *
 * @returns the breach of invariant 3, if the deletion is one.
 */
export function gapInReleaseToPods({ resource, type, stored }: Change, store: Store): string | undefined {
  if (resource !== 'endpointslices' || type !== 'DELETED' || !servesSomething(stored.object))
    return undefined;
  if (stored.object.metadata.labels?.[SLICE_MANAGED_BY] !== PRODUCT) return undefined;
  const key = serviceKeyOfSlice(stored.object);
  const service = store.get('services', key)?.object;
  if (service === undefined || !hasSelector(service)) return undefined;
  const [namespace = ''] = key.split('/');
  const isServed = store
    .list('endpointslices', `${namespace}/`)
    .some(({ object }) => serviceKeyOfSlice(object) === key && servesSomething(object));
  return isServed ? undefined : `${key} was handed over to Pods, and nothing serves it`;
}

function servesSomething(slice: Change['stored']['object']): boolean {
  return (contentOf(slice).endpoints ?? []).some(({ conditions }) => conditions?.ready ?? true);
}

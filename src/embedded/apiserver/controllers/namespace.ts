import { KINDS } from '../registry.ts';
import type { ControllerClient } from './controller-client.ts';

const NAMESPACED = KINDS.filter((kind) => kind.namespaced && kind.conversion === undefined);

/** pkg/controller/namespace: deletes the objects of a terminating namespace, then the namespace. */
export function emptyNamespace(client: ControllerClient, name: string): void {
  const { store } = client.engine;
  const namespace = store.get('namespaces', name);
  if (namespace?.object.metadata.deletionTimestamp === undefined) return;
  let left = 0;
  for (const kind of NAMESPACED) {
    for (const { object } of store.list(kind.storage, `${name}/`)) client.delete(kind, object);
    left += store.list(kind.storage, `${name}/`).length;
  }
  const waits = (namespace.object.metadata.finalizers ?? []).length > 0;
  if (left === 0 && !waits) store.remove('namespaces', namespace);
}

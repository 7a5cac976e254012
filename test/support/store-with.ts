import type { ObjectStore } from '../../src/cluster/object-store.ts';

/** The same store with some methods replaced. */
export function storeWith(store: ObjectStore, replaced: Partial<ObjectStore>): ObjectStore {
  return {
    list: store.list.bind(store),
    get: store.get.bind(store),
    create: store.create.bind(store),
    replace: store.replace.bind(store),
    apply: store.apply.bind(store),
    patch: store.patch.bind(store),
    delete: store.delete.bind(store),
    watch: store.watch.bind(store),
    ...replaced,
  };
}

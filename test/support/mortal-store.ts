import type { ObjectStore } from '../../src/cluster/object-store.ts';

/** The process is dead: nothing it does reaches the cluster any more. */
export class Killed extends Error {
  constructor() {
    super('killed');
  }
}

export interface MortalStore extends ObjectStore {
  /** Writes that reached the cluster. */
  readonly writes: readonly string[];
}

/**
 * A process's way to the cluster that is killed right after so many writes: the write is done, its answer is lost,
 * and every call after that fails.
 */
export function mortalStore(store: ObjectStore, killAfterWrites = Number.POSITIVE_INFINITY): MortalStore {
  const writes: string[] = [];
  const alive = <T>(call: () => T): T => {
    if (writes.length >= killAfterWrites) throw new Killed();
    return call();
  };
  const writing = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
    const result = await alive(call);
    writes.push(what);
    return alive(() => result);
  };
  return {
    writes,
    list: async (kind, scope, signal) => alive(() => store.list(kind, scope, signal)),
    get: async (reference, signal) => alive(() => store.get(reference, signal)),
    watch: (kind, scope, signal) => alive(() => store.watch(kind, scope, signal)),
    create: (body, options, signal) =>
      writing(`create ${body.kind}`, () => store.create(body, options, signal)),
    replace: (body, options, signal) =>
      writing(`replace ${body.kind}`, () => store.replace(body, options, signal)),
    apply: (body, options, signal) => writing(`apply ${body.kind}`, () => store.apply(body, options, signal)),
    patch: (reference, patch, options, signal) =>
      writing(`patch ${reference.kind}`, () => store.patch(reference, patch, options, signal)),
    delete: (reference, options, signal) =>
      writing(`delete ${reference.kind}`, () => store.delete(reference, options, signal)),
  };
}

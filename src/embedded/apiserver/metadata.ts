import type { Call } from './call.ts';
import { generateName as nameFrom, newUid, timestamp } from './identifiers.ts';
import { type JsonObject, objectOf } from './json.ts';
import { type ManagedFieldsEntry, type ObjectMeta, orderedMeta } from './object.ts';

/** The metadata of a new object, from the client's fields and the server's. */
export function metadataOfNew(
  call: Call,
  draft: JsonObject,
  managedFields: ManagedFieldsEntry[] | undefined,
): ObjectMeta {
  const { engine, kind, path } = call;
  const given = objectOf(draft.metadata) as Partial<ObjectMeta>;
  const { name, generateName: base, generation, labels, annotations, ownerReferences, finalizers } = given;
  return orderedMeta({
    name: name ?? (base === undefined ? '' : nameFrom(base, engine.random)),
    generateName: base,
    namespace: kind.namespaced ? path.namespace : undefined,
    uid: newUid(engine.random),
    resourceVersion: '',
    generation,
    creationTimestamp: timestamp(engine.clock.wallNow()),
    labels,
    annotations,
    ownerReferences,
    finalizers,
    managedFields,
  });
}

/** The metadata of an object that replaces another. Fields that only the server sets stay unchanged. */
export function metadataOfReplaced(
  live: ObjectMeta,
  next: JsonObject,
  managedFields: ManagedFieldsEntry[] | undefined,
): ObjectMeta {
  const given = objectOf(next.metadata) as Partial<ObjectMeta>;
  const { generateName, labels, annotations, ownerReferences, finalizers, uid = live.uid } = given;
  const said = { generateName, labels, annotations, ownerReferences, finalizers };
  return orderedMeta({ ...live, ...said, uid, managedFields });
}

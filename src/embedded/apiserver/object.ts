import type { JsonObject, JsonValue } from './json.ts';

/** `metadata` of a stored object, with the fields in the order in which they are written. */
export type ObjectMeta = {
  name: string;
  generateName?: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: ManagedFieldsEntry[];
};

export type OwnerReference = {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
};

export type ManagedFieldsEntry = {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: JsonObject;
  subresource?: string;
};

/** An object of any kind the server stores. */
export type ApiObject = {
  kind: string;
  apiVersion: string;
  metadata: ObjectMeta;
  [field: string]: JsonValue | undefined;
};

const META_ORDER: readonly (keyof ObjectMeta)[] = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];

/** Metadata in the order in which it is written, without the fields that are undefined. */
export function orderedMeta(
  fields: { readonly [Field in keyof ObjectMeta]?: ObjectMeta[Field] | undefined },
): ObjectMeta {
  const known = META_ORDER.filter((field) => fields[field] !== undefined);
  return Object.fromEntries(known.map((field) => [field, fields[field]])) as ObjectMeta;
}

/** `namespace/name`, or `name` for a kind that has no namespaces: the key in storage, and its order. */
export function keyOfObject(metadata: { readonly namespace?: string; readonly name: string }): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

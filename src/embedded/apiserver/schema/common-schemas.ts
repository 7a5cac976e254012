import {
  always,
  anything,
  atomicList,
  atomicStruct,
  boolean,
  int64,
  keyedList,
  map,
  pointer,
  type Schema,
  type StructSchema,
  setList,
  string,
  struct,
  time,
} from './schema.ts';

/**
 * Types that several kinds of staging/src/k8s.io/api (1.36) share. Here and in `kinds`, fields have the order of
 * the Go types, with their `+listType`, `+mapType`, `+structType` and `patchMergeKey` markers.
 */
export const objectReference = atomicStruct('ObjectReference', {
  kind: string,
  namespace: string,
  name: string,
  uid: string,
  apiVersion: string,
  resourceVersion: string,
  fieldPath: string,
});

const ownerReference = atomicStruct('OwnerReference', {
  apiVersion: always(string),
  kind: always(string),
  name: always(string),
  uid: always(string),
  controller: pointer(boolean),
  blockOwnerDeletion: pointer(boolean),
});

const objectMeta = struct('ObjectMeta', {
  name: string,
  generateName: string,
  namespace: string,
  selfLink: string,
  uid: string,
  resourceVersion: string,
  generation: int64,
  creationTimestamp: time,
  deletionTimestamp: pointer(time),
  deletionGracePeriodSeconds: pointer(int64),
  labels: map(string),
  annotations: map(string),
  ownerReferences: keyedList(ownerReference, [{ name: 'uid' }], 'uid'),
  finalizers: setList(string, ''),
  managedFields: atomicList(
    struct('ManagedFieldsEntry', {
      manager: string,
      operation: string,
      apiVersion: string,
      time: pointer(time),
      fieldsType: string,
      fieldsV1: pointer(anything),
      subresource: string,
    }),
  ),
});

export const condition = struct('Condition', {
  type: always(string),
  status: always(string),
  observedGeneration: int64,
  lastTransitionTime: always(time),
  reason: always(string),
  message: always(string),
});

export function kind(name: string, fields: Readonly<Record<string, Schema>>): StructSchema {
  return struct(name, { kind: string, apiVersion: string, metadata: objectMeta, ...fields });
}

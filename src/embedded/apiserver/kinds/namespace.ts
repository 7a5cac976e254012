import { type JsonObject, listOf, objectOf, sortedByKey, stringMapOf, stringOf } from '../json.ts';
import { ALL_VERBS, COMMON, type Kind } from '../kind.ts';
import type { ApiObject } from '../object.ts';
import { condition, kind } from '../schema/common-schemas.ts';
import { atomicList, keyedList, string, struct } from '../schema/schema.ts';
import { finalizerErrors, LABEL_NAME } from '../validation/object-meta.ts';

const namespaceSchema = kind('Namespace', {
  spec: struct('NamespaceSpec', { finalizers: atomicList(string) }),
  status: struct('NamespaceStatus', {
    phase: string,
    conditions: keyedList(condition, [{ name: 'type' }], 'type'),
  }),
});

const NAME_LABEL = 'kubernetes.io/metadata.name';

/** pkg/registry/core/namespace/strategy.go. */
export const namespaceKind: Kind = {
  ...COMMON,
  group: '',
  kind: 'Namespace',
  resource: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  verbs: ALL_VERBS.filter((verb) => verb !== 'deletecollection'),
  storageVersionHash: 'Q3oi5N2YM8M=',
  storage: 'namespaces',
  schema: namespaceSchema,
  nameRule: LABEL_NAME,
  unowned: ['status'],
  deleteReturnsObject: true,
  applyDefaults: (object: JsonObject) => {
    const metadata = objectOf(object.metadata);
    if (stringOf(metadata.name) === '') return;
    metadata.labels = sortedByKey({ ...stringMapOf(metadata.labels), [NAME_LABEL]: stringOf(metadata.name) });
  },
  prepare: (object: ApiObject, existing: ApiObject | undefined) => {
    const asked = listOf(objectOf(object.spec).finalizers).filter((one) => one !== 'kubernetes');
    object.spec = existing?.spec ?? { finalizers: [...asked, 'kubernetes'] };
    object.status = existing?.status ?? { phase: 'Active' };
  },
  validate: (object: ApiObject) =>
    listOf(objectOf(object.spec).finalizers).flatMap((one) =>
      finalizerErrors('spec.finalizers', stringOf(one)),
    ),
  selectableFields: (object) => ({ 'status.phase': stringOf(objectOf(object.status).phase) }),
};

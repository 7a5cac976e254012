import { type JsonObject, objectOf, sortedByKey, stringMapOf, stringOf } from '../json.ts';
import { ALL_VERBS, COMMON, type Kind } from '../kind.ts';
import { namespaceSchema } from '../kind-schemas.ts';
import type { ApiObject } from '../object.ts';
import { LABEL_NAME } from '../validation/object-meta.ts';

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
    object.spec = existing?.spec ?? { finalizers: ['kubernetes'] };
    object.status = existing?.status ?? { phase: 'Active' };
  },
  selectableFields: (object) => ({ 'status.phase': stringOf(objectOf(object.status).phase) }),
};

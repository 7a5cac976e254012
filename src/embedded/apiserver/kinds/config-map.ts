import { COMMON, type Kind } from '../kind.ts';
import { kind } from '../schema/common-schemas.ts';
import { boolean, bytes, map, pointer, string } from '../schema/schema.ts';
import { validateConfigMap } from '../validation/config-map.ts';

const configMapSchema = kind('ConfigMap', {
  immutable: pointer(boolean),
  data: map(string),
  binaryData: map(bytes),
});

/** pkg/registry/core/configmap/strategy.go. */
export const configMapKind: Kind = {
  ...COMMON,
  group: '',
  kind: 'ConfigMap',
  resource: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  storageVersionHash: 'qFsyl6wFWjQ=',
  storage: 'configmaps',
  schema: configMapSchema,
  validate: validateConfigMap,
};

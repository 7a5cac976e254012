import { COMMON, type Kind } from '../kind.ts';
import { configMapSchema } from '../kind-schemas.ts';
import { validateConfigMap } from '../validation/config-map.ts';

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

import type { Call } from './call.ts';
import type { Kind } from './kind.ts';
import type { ApiObject } from './object.ts';
import { EVERYTHING, parseFieldSelector, parseLabelSelector } from './selectors.ts';
import type { Stored } from './store.ts';

/** The objects that a list or watch selects. */
export interface Filter {
  /** Keys start with it: one namespace, or all. */
  readonly keyPrefix: string;
  /** Whether labels or fields select at all. */
  readonly selects: boolean;
  matches(stored: Stored): boolean;
}

export function filterOf(call: Call): Filter {
  const { kind, path, request } = call;
  const byLabels = parseLabelSelector(request.query.get('labelSelector') ?? '');
  const supported = new Set(Object.keys(fieldsOf(kind, EMPTY)));
  const byFields = parseFieldSelector(request.query.get('fieldSelector') ?? '', supported);
  const selects = byLabels !== EVERYTHING || byFields !== EVERYTHING;
  return {
    keyPrefix: path.namespace === '' ? '' : `${path.namespace}/`,
    selects,
    matches: ({ object }) =>
      byLabels(object.metadata.labels ?? {}) && (byFields === EVERYTHING || byFields(fieldsOf(kind, object))),
  };
}

const EMPTY: ApiObject = {
  kind: '',
  apiVersion: '',
  metadata: { name: '', uid: '', resourceVersion: '', creationTimestamp: '' },
};

function fieldsOf(kind: Kind, object: ApiObject): Record<string, string> {
  const { name, namespace } = object.metadata;
  return {
    ...kind.selectableFields(object),
    'metadata.name': name,
    ...(kind.namespaced ? { 'metadata.namespace': namespace ?? '' } : {}),
  };
}

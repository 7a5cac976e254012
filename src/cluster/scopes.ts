import { INSTANCE_LABEL, MANAGED_BY_LABEL, MANAGER, SERVICE_NAME_LABEL } from '../manifest/labels.ts';
import type { Target } from '../model/target.ts';
import type { ListScope } from './object-store.ts';

export type WatchedKind = 'Service' | 'Endpoints' | 'EndpointSlice';

/** The parts of a target that decide which objects are watched. */
export type WatchedTarget = Pick<Target, 'namespace' | 'name'> & {
  readonly service: Pick<Target['service'], 'create'>;
};

/** With more names the selector gets longer than the answer is worth: then the slices of all Services are listed. */
const MAX_NAMES_IN_SELECTOR = 50;

/** Selects Services and Endpoints by our labels. */
export function ownedBy(instance: string): string {
  return `${MANAGED_BY_LABEL}=${MANAGER},${INSTANCE_LABEL}=${instance}`;
}

/** Selects the slices of one Service, no matter which program made them. */
export function slicesOfService(name: string): string {
  return `${SERVICE_NAME_LABEL}=${name}`;
}

/** Selects the slices of these Services, no matter which program made them. Undefined: too many, or none. */
export function slicesOf(services: readonly { readonly name: string }[]): string | undefined {
  const names = [...new Set(services.map(({ name }) => name))].sort();
  if (names.length === 0 || names.length > MAX_NAMES_IN_SELECTOR) return undefined;
  return `${SERVICE_NAME_LABEL} in (${names.join(',')})`;
}

/**
 * What is watched, by a key that is the same for the same scope: Services and Endpoints by our labels, and slices by
 * the name of the Service. Services with `create: false` do not have our labels: where there is one, all Services of
 * its namespace are watched.
 *
 * @param mode `cluster` where all namespaces may be watched, else those of the targets.
 */
export function watchScopes(
  targets: readonly WatchedTarget[],
  instance: string,
  mode: 'cluster' | 'namespaces',
): Map<string, { readonly kind: WatchedKind; readonly scope: ListScope }> {
  const byNamespace = Map.groupBy(targets, ({ namespace }) => namespace);
  const places: (readonly [string | undefined, readonly WatchedTarget[]])[] =
    mode === 'cluster' ? [[undefined, targets]] : [...byNamespace];
  const owned = ownedBy(instance);
  const scopes = new Map<string, { readonly kind: WatchedKind; readonly scope: ListScope }>();
  for (const [namespace, members] of places) {
    const where = namespace === undefined ? {} : { namespace };
    for (const kind of ['Service', 'Endpoints', 'EndpointSlice'] as const) {
      const labelSelector = kind === 'EndpointSlice' ? (slicesOf(members) ?? SERVICE_NAME_LABEL) : owned;
      scopes.set(`${kind} ${namespace ?? ''} ${labelSelector}`, { kind, scope: { ...where, labelSelector } });
    }
  }
  for (const [namespace, members] of byNamespace) {
    if (members.every(({ service }) => service.create)) continue;
    scopes.delete(`Service ${namespace} ${owned}`);
    scopes.set(`Service ${namespace}`, { kind: 'Service', scope: { namespace } });
  }
  return scopes;
}

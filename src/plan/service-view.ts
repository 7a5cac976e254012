import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import type { PlanContext } from './plan-input.ts';

/** Kubernetes' own controllers write the endpoints of such a Service; nobody else can win there. */
/** Whether the Service has no address of its own, which never changes; or, where it has yet to come, shall have none. */
export function isHeadless({ target, existing }: PlanContext): boolean {
  const { service } = existing;
  if (service !== undefined && !isExternalName({ existing })) return service.spec.clusterIP === 'None';
  return target.service.type === 'Headless';
}

/** Names resolve to somewhere else by CNAME; the Service has no addresses and no families yet. */
export function isExternalName({ existing }: Pick<PlanContext, 'existing'>): boolean {
  return existing.service?.spec.type === 'ExternalName';
}

/** Names of ports that the Service will lose by this target, and that these slices serve until then. */
export function vanishingPortNames(
  input: PlanContext,
  serving: readonly EndpointSliceObject[],
): ReadonlySet<string> {
  const { target, existing } = input;
  const served = new Set(serving.flatMap(({ ports }) => (ports ?? []).map(({ name = '' }) => name)));
  if (!target.service.create || isExternalName(input)) return new Set();
  const wanted = new Set(target.ports.map((port) => port.name));
  const current = (existing.service?.spec.ports ?? []).map((port) => port.name ?? '');
  return new Set(current.filter((name) => !wanted.has(name) && served.has(name)));
}

import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import { ENDPOINTS_MANAGED_BY_LABEL, type Owner, ownerOf } from '../manifest/labels.ts';
import { hasSelector } from '../manifest/service.ts';
import { type SlicesByOwner, slicesByOwner } from './existing-objects.ts';
import { mayAdopt, type PlanContext } from './plan-input.ts';

/** Who owns each object under the Service's name. The rules of refusal decide from this. */
export interface Ownership extends PlanContext {
  /** Undefined: the object does not exist. */
  readonly serviceOwner: Owner | undefined;
  readonly endpointsOwner: Owner | undefined;
  /** The Service lost its selector, and the endpoints controller left these Endpoints: they have no owner any more. */
  readonly isEndpointsOrphaned: boolean;
  readonly slices: SlicesByOwner;
  /** Slices of other owners that stay, because adoption was not asked for. */
  readonly refusedSlices: readonly EndpointSliceObject[];
  /** Something of ours serves the Service already. From then on it is kept up to date, whatever is refused beside it. */
  readonly isServingAlready: boolean;
}

export function ownershipOf(context: PlanContext): Ownership {
  const { target, existing, options } = context;
  const { service, endpoints } = existing;
  const serviceOwner = service === undefined ? undefined : ownerOf(service, options.instance);
  const endpointsOwner = endpoints === undefined ? undefined : ownerOf(endpoints, options.instance);
  const slices = slicesByOwner(existing, options.instance);
  return {
    target,
    existing,
    options,
    serviceOwner,
    endpointsOwner,
    isEndpointsOrphaned:
      endpoints?.metadata.labels?.[ENDPOINTS_MANAGED_BY_LABEL] !== undefined &&
      serviceOwner === 'us' &&
      target.service.create &&
      !hasSelector(service),
    slices,
    refusedSlices: refusedSlicesOf(context, slices),
    isServingAlready:
      service !== undefined &&
      (serviceOwner === 'us' ||
        endpointsOwner === 'us' ||
        slices.ours.some((slice) => isOwnedBy(slice, service.metadata.uid))),
  };
}

function refusedSlicesOf(
  context: PlanContext,
  { foreign, orphaned }: SlicesByOwner,
): readonly EndpointSliceObject[] {
  if (mayAdopt(context)) return [];
  // On a Service of ours, slices that a removed selector left have no owner any more.
  return context.target.service.create ? foreign : [...foreign, ...orphaned];
}

/** False for a slice of an earlier Service of this name: the garbage collector deletes it soon. */
function isOwnedBy({ metadata }: EndpointSliceObject, uid: string | undefined): boolean {
  return metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false;
}

import type { Assessment } from '../endpoint/assessment.ts';
import { ADDRESS_FAMILIES, type AddressFamily, familyOf } from '../target/ip-address.ts';
import type { PlanInput } from './plan-input.ts';
import { isExternalName } from './service-view.ts';

/**
 * The address families that the Service serves. kube-proxy ignores a slice of a family that the Service has
 * no cluster IP in (`servicechangetracker.go:145`), so none is written.
 *
 * A Service that is yet to be created gets its families from the API server, by what the cluster has. What we
 * take it to get is noted in the plan and checked when the Service has been written. One that is ExternalName
 * serves all families until it is converted, so that nothing is missing whatever it gets then.
 */
export function servedFamilies(input: PlanInput): readonly AddressFamily[] {
  const { target, existing, options } = input;
  const live = existing.service?.spec.ipFamilies;
  if (live !== undefined && live.length > 0) return live.filter(isFamily);
  if (isExternalName(input)) return ADDRESS_FAMILIES;
  if (target.service.ipFamilies !== undefined) return target.service.ipFamilies;
  // Headless without a selector: both, even on a cluster of one family (`service/storage/alloc.go:140`).
  if (target.service.type === 'Headless' && target.service.create) return ADDRESS_FAMILIES;
  const { clusterFamilies = [] } = options;
  const [first = 'IPv4'] = clusterFamilies;
  const policy = target.service.ipFamilyPolicy;
  const isDual =
    policy === 'RequireDualStack' || (policy === 'PreferDualStack' && clusterFamilies.length > 1);
  return isDual ? ADDRESS_FAMILIES : [first];
}

function isFamily(text: string): text is AddressFamily {
  return text === 'IPv4' || text === 'IPv6';
}

export function splitByFamily(
  assessments: readonly Assessment[],
  families: readonly AddressFamily[],
): { served: Assessment[]; unserved: Assessment[] } {
  const isServed = ({ address, refused }: Assessment) => !refused && families.includes(familyOf(address));
  return {
    served: assessments.filter(isServed),
    unserved: assessments.filter((assessment) => !isServed(assessment)),
  };
}

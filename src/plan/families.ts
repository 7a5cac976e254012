import type { Assessment } from '../endpoint/assessment.ts';
import { defaultPolicy, isExternalName } from '../manifest/service.ts';
import type { Guards } from '../model/guards.ts';
import { ADDRESS_FAMILIES, type AddressFamily, familyOf } from '../model/ip-address.ts';
import type { PlanContext } from './plan-input.ts';

/**
 * The address families that the Service serves. kube-proxy ignores a slice of a family without a cluster IP
 * (`servicechangetracker.go:145`), so no such slice is written.
 *
 * The API server gives a new Service its families. The plan says which it assumes, and they are checked after the
 * Service is written. An ExternalName Service counts as serving all families until it becomes ClusterIP, so no endpoint
 * is missing whichever it gets then.
 *
 * @param clusterFamilies of the cluster's Services, the default one first; empty: unknown.
 */
export function servedFamilies(
  input: Pick<PlanContext, 'target' | 'existing'>,
  clusterFamilies: readonly AddressFamily[],
): readonly AddressFamily[] {
  const { target, existing } = input;
  const live = existing.service?.spec.ipFamilies;
  if (live !== undefined && live.length > 0) return live.filter(isFamily);
  if (isExternalName(existing.service)) return ADDRESS_FAMILIES;
  const { create, ipFamilies = [], type } = target.service;
  const { ipFamilyPolicy = create ? defaultPolicy(type) : 'SingleStack' } = target.service;
  if (ipFamilies.length === 2) return ipFamilies;
  const isDual =
    ipFamilyPolicy === 'RequireDualStack' ||
    (ipFamilyPolicy === 'PreferDualStack' && clusterFamilies.length > 1);
  const [first = 'IPv4'] = [...ipFamilies, ...clusterFamilies];
  return isDual ? ADDRESS_FAMILIES : [first];
}

/** For an address that no client can reach through the Service. */
export const FAMILY_NOT_SERVED = {
  reason: 'FamilyNotServed',
  message: 'the Service does not have this address family',
} as const;

/** In the order of the ranges. */
export function clusterFamiliesOf({ serviceCidrs = [] }: Guards): AddressFamily[] {
  return [...new Set(serviceCidrs.map(({ text }) => (text.includes(':') ? 'IPv6' : 'IPv4')))];
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

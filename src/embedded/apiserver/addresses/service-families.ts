import { ADDRESS_FAMILIES, type AddressFamily } from '../../../model/ip-address.ts';
import { type FieldError, invalid } from '../field-error.ts';
import { type JsonObject, listOf, objectOf, stringOf } from '../json.ts';
import { isHeadless } from '../kinds/service-spec.ts';

/**
 * Fills `ipFamilies` and `ipFamilyPolicy` (alloc.go, initIPFamilyFields). Changes `spec`.
 *
 * @param configured the families of the cluster's ranges, the default first.
 */
export function chooseFamilies(spec: JsonObject, configured: readonly AddressFamily[]): FieldError[] {
  const families = familiesAsked(spec);
  const defaultFamily = configured[0] ?? 'IPv4';
  if (isHeadless(spec) && Object.keys(objectOf(spec.selector)).length === 0) {
    // Headless Services without a selector may have both families, because nothing is allocated (alloc.go:140).
    spec.ipFamilyPolicy ??= 'RequireDualStack';
    if (spec.ipFamilyPolicy === 'SingleStack' && families.length > 1) return [tooManyFor('IP families')];
    spec.ipFamilies = withSecond(families, defaultFamily, spec.ipFamilyPolicy !== 'SingleStack');
    return [];
  }
  const errors = familyErrors(spec, families, configured);
  if (errors.length > 0) return errors;
  spec.ipFamilyPolicy ??= 'SingleStack';
  const dual = spec.ipFamilyPolicy !== 'SingleStack' && configured.length > 1;
  spec.ipFamilies = withSecond(families, defaultFamily, dual);
  return [];
}

/** The listed families, then those of the requested cluster IPs. */
function familiesAsked(spec: JsonObject): string[] {
  const families = listOf(spec.ipFamilies).map(stringOf);
  const implied = listOf(spec.clusterIPs)
    .slice(families.length)
    .filter((ip) => ip !== 'None')
    .map((ip) => (stringOf(ip).includes(':') ? 'IPv6' : 'IPv4'));
  return [...families, ...implied];
}

function familyErrors(
  spec: JsonObject,
  families: readonly string[],
  configured: readonly AddressFamily[],
): FieldError[] {
  if ((spec.ipFamilyPolicy ?? 'SingleStack') === 'SingleStack' && families.length > 1) {
    return [tooManyFor(listOf(spec.clusterIPs).length > 1 ? 'cluster IPs' : 'IP families')];
  }
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack' && configured.length < 2) {
    const detail = 'this cluster is not configured for dual-stack services';
    errors.push(invalid('spec.ipFamilyPolicy', 'RequireDualStack', detail));
  }
  for (const [index, family] of families.entries()) {
    if (configured.some((one) => one === family)) continue;
    errors.push(invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
  }
  return errors;
}

function tooManyFor(what: string): FieldError {
  const detail = `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
  return invalid('spec.ipFamilyPolicy', 'SingleStack', detail);
}

function withSecond(families: readonly string[], defaultFamily: AddressFamily, dual: boolean): string[] {
  const first = families[0] ?? defaultFamily;
  if (families.length > 1) return [...families];
  const other = ADDRESS_FAMILIES.find((family) => family !== first);
  return dual && other !== undefined ? [first, other] : [first];
}

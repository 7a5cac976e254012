import { duplicate, type FieldError, invalid, notSupported } from '../field-error.ts';
import { type JsonObject, listOf, sameJson, stringOf } from '../json.ts';
import { isHeadless, needsClusterIp } from '../kinds/service-spec.ts';
import { ipProblems } from './addresses.ts';

const FAMILIES = ['IPv4', 'IPv6'];
const POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];

/** `ValidateServiceClusterIPsRelatedFields`. */
export function clusterIpErrors(spec: JsonObject): FieldError[] {
  if (!needsClusterIp(spec)) return [];
  return [...familyErrors(spec), ...ipListErrors(spec)];
}

function familyErrors(spec: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const families = listOf(spec.ipFamilies).map(stringOf);
  for (const [index, family] of families.entries()) {
    const field = `spec.ipFamilies[${index}]`;
    if (!FAMILIES.includes(family)) errors.push(notSupported(field, family, FAMILIES));
    else if (families.indexOf(family) < index) errors.push(duplicate(field, family));
  }
  const { ipFamilyPolicy } = spec;
  if (ipFamilyPolicy !== undefined && !POLICIES.includes(stringOf(ipFamilyPolicy))) {
    errors.push(notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, POLICIES));
  }
  return errors;
}

function ipListErrors(spec: JsonObject): FieldError[] {
  const ips = listOf(spec.clusterIPs).map(stringOf);
  const field = 'spec.clusterIPs';
  if (spec.clusterIP === undefined && ips.length > 0) {
    return [invalid(field, ips, 'must be empty when `clusterIP` is not specified')];
  }
  if (ips.length > 0 && ips[0] !== spec.clusterIP) {
    return [invalid(field, ips, 'first value must match `clusterIP`')];
  }
  if (isHeadless(spec)) {
    return ips.length > 1 ? [invalid(field, ips, "'None' must be the first and only value")] : [];
  }
  if (ips.length > 2) return [invalid(field, ips, 'may only hold up to 2 values')];
  const errors = ips.flatMap((ip, index) => ipProblems(`${field}[${index}]`, ip));
  if (errors.length > 0) return errors;
  if (ips.length > 1 && ips[0]?.includes(':') === ips[1]?.includes(':')) {
    return [invalid(field, ips, 'may specify no more than one IP for each IP family')];
  }
  return [];
}

/** A second family can be removed only by changing the policy. */
export function familyUpdateErrors(spec: JsonObject, before: JsonObject): FieldError[] {
  if (!needsClusterIp(spec) || !needsClusterIp(before)) return [];
  const givesUp = listOf(before.ipFamilies).length === 2 && listOf(spec.ipFamilies).length === 1;
  if (!givesUp || spec.ipFamilyPolicy === 'SingleStack') return [];
  const detail = "must be 'SingleStack' to release the secondary IP family";
  return [invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy ?? null, detail)];
}

/** `validateServiceClusterIPsUpdate`: cluster IPs are immutable, unless the type changes to or from ExternalName. */
export function clusterIpUpdateErrors(spec: JsonObject, before: JsonObject): FieldError[] {
  if (!needsClusterIp(spec) || !needsClusterIp(before)) return [];
  const old = listOf(before.clusterIPs);
  const now = listOf(spec.clusterIPs);
  if (old.length === 0 || sameJson(old, now)) return [];
  if (now.length === 0) {
    return [invalid('spec.clusterIPs[0]', now, 'primary clusterIP can not be unset')];
  }
  if (old[0] !== now[0]) return [invalid('spec.clusterIPs[0]', now, 'may not change once set')];
  if (old.length === 2 && now.length === 2) {
    return [invalid('spec.clusterIPs[1]', now, 'may not change once set')];
  }
  if (old.length === 2 && spec.ipFamilyPolicy !== 'SingleStack') {
    const detail = "must be set to 'SingleStack' when releasing the secondary clusterIP";
    return [invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy ?? null, detail)];
  }
  return [];
}

import { type FieldError, forbiddenField, invalid, notSupported, required } from '../field-error.ts';
import { type JsonObject, listOf, numberOf, objectOf, stringMapOf, stringOf } from '../json.ts';
import { isExternallyAccessible, isHeadless, needsClusterIp, specOf } from '../kinds/service-spec.ts';
import type { ApiObject } from '../object.ts';
import { endpointIpProblems, ipProblems } from './addresses.ts';
import { subdomainProblems } from './names.ts';
import { validateLabels } from './object-meta.ts';
import { clusterIpErrors, clusterIpUpdateErrors, familyUpdateErrors } from './service-cluster-ips.ts';
import { missingPorts, portListErrors } from './service-ports.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const AFFINITIES = ['ClientIP', 'None'];
const TRAFFIC_POLICIES = ['Cluster', 'Local'];
const TRAFFIC_DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
const MAX_AFFINITY_SECONDS = 86_400;

/** `ValidateService` and `ValidateServiceUpdate` of pkg/apis/core/validation. */
export function validateService(object: ApiObject, existing: ApiObject | undefined): FieldError[] {
  const spec = specOf(object);
  return [
    ...missingPorts(spec),
    ...typeErrors(spec),
    ...portListErrors(spec),
    ...affinityErrors(spec),
    ...(spec.selector === undefined ? [] : validateLabels('spec.selector', stringMapOf(spec.selector))),
    ...(existing === undefined ? [] : familyUpdateErrors(spec, specOf(existing))),
    ...(existing === undefined ? [] : clusterIpUpdateErrors(spec, specOf(existing))),
    ...clusterIpErrors(spec),
    ...externalIpErrors(spec),
    ...loadBalancerErrors(spec),
    ...trafficErrors(spec),
  ];
}

function typeErrors(spec: JsonObject): FieldError[] {
  const type = stringOf(spec.type);
  if (!TYPES.includes(type)) return [notSupported('spec.type', type, TYPES)];
  if (type !== 'ExternalName') {
    const isNone = listOf(spec.clusterIPs)[0] === 'None' && type !== 'ClusterIP';
    return isNone
      ? [invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`)]
      : [];
  }
  const errors = ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy']
    .filter((field) => spec[field] !== undefined)
    .map((field) => forbiddenField(`spec.${field}`, 'may not be set for ExternalName services'));
  const name = stringOf(spec.externalName);
  if (name === '') return [...errors, required('spec.externalName')];
  const problems = subdomainProblems(name.replace(/\.$/, ''));
  return [...errors, ...problems.map((problem) => invalid('spec.externalName', name, problem))];
}

function affinityErrors(spec: JsonObject): FieldError[] {
  const affinity = stringOf(spec.sessionAffinity);
  if (!AFFINITIES.includes(affinity)) return [notSupported('spec.sessionAffinity', affinity, AFFINITIES)];
  if (affinity !== 'ClientIP') return [];
  const seconds = numberOf(objectOf(objectOf(spec.sessionAffinityConfig).clientIP).timeoutSeconds);
  if (seconds > 0 && seconds <= MAX_AFFINITY_SECONDS) return [];
  const detail = `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`;
  return [invalid('spec.sessionAffinityConfig.clientIP.timeoutSeconds', seconds, detail)];
}

function externalIpErrors(spec: JsonObject): FieldError[] {
  return listOf(spec.externalIPs).flatMap((value, index) => {
    const ip = stringOf(value);
    const problems = ipProblems(`spec.externalIPs[${index}]`, ip);
    return problems.length > 0 ? problems : endpointIpProblems(`spec.externalIPs[${index}]`, ip);
  });
}

function loadBalancerErrors(spec: JsonObject): FieldError[] {
  if (spec.type === 'LoadBalancer') return [];
  const errors: FieldError[] = [];
  const detail = "may only be used when `type` is 'LoadBalancer'";
  if (spec.loadBalancerSourceRanges !== undefined) {
    errors.push(forbiddenField('spec.LoadBalancerSourceRanges', detail));
  }
  for (const field of ['allocateLoadBalancerNodePorts', 'loadBalancerClass']) {
    if (spec[field] !== undefined) errors.push(forbiddenField(`spec.${field}`, detail));
  }
  return errors;
}

function trafficErrors(spec: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const { externalTrafficPolicy: external, internalTrafficPolicy: internal, trafficDistribution } = spec;
  if (external !== undefined && !isExternallyAccessible(spec)) {
    const detail = 'may only be set for externally-accessible services';
    errors.push(invalid('spec.externalTrafficPolicy', external, detail));
  } else if (external !== undefined && !TRAFFIC_POLICIES.includes(stringOf(external))) {
    errors.push(notSupported('spec.externalTrafficPolicy', external, TRAFFIC_POLICIES));
  }
  const healthCheckNodePort = numberOf(spec.healthCheckNodePort);
  if (healthCheckNodePort !== 0 && !(spec.type === 'LoadBalancer' && external === 'Local')) {
    const detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalid('spec.healthCheckNodePort', healthCheckNodePort, detail));
  }
  if (needsClusterIp(spec) && internal !== undefined && !TRAFFIC_POLICIES.includes(stringOf(internal))) {
    errors.push(notSupported('spec.internalTrafficPolicy', internal, TRAFFIC_POLICIES));
  }
  if (trafficDistribution !== undefined && !TRAFFIC_DISTRIBUTIONS.includes(stringOf(trafficDistribution))) {
    errors.push(notSupported('spec.trafficDistribution', trafficDistribution, TRAFFIC_DISTRIBUTIONS));
  }
  return errors;
}

/** pkg/api/service/warnings.go. */
export function serviceWarnings(object: ApiObject): string[] {
  const spec = specOf(object);
  const warnings: string[] = [];
  if (spec.externalIPs !== undefined) {
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  }
  if (spec.type !== 'ExternalName' && spec.externalName !== undefined) {
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  if (isHeadless(spec) && spec.sessionAffinity === 'ClientIP') {
    warnings.push('spec.SessionAffinity is ignored for headless services');
  }
  if (spec.trafficDistribution === 'PreferClose') {
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  }
  return warnings;
}

import { isObject, type JsonObject, listOf, numberOf, objectOf, sameJson, stringOf } from '../json.ts';
import { COMMON, type Kind } from '../kind.ts';
import type { ApiObject } from '../object.ts';
import { LABEL_NAME } from '../validation/object-meta.ts';
import { serviceWarnings, validateService } from '../validation/service.ts';
import {
  isExternallyAccessible,
  needsClusterIp,
  needsNodePort,
  serviceSchema,
  specOf,
} from './service-spec.ts';

/** pkg/registry/core/service/strategy.go and pkg/apis/core/v1/defaults.go. */
export const serviceKind: Kind = {
  ...COMMON,
  group: '',
  kind: 'Service',
  resource: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  storageVersionHash: '0/CO1lhkEBI=',
  storage: 'services',
  schema: serviceSchema,
  unowned: ['status'],
  createsOnUpdate: true,
  deleteReturnsObject: true,
  nameRule: LABEL_NAME,
  applyDefaults,
  prepare,
  validate: validateService,
  warnings: serviceWarnings,
  shown: withoutInternalPolicy,
  selectableFields: (object) => ({
    'spec.clusterIP': stringOf(specOf(object).clusterIP),
    'spec.type': stringOf(specOf(object).type),
  }),
};

function applyDefaults(object: JsonObject): void {
  const spec = specOf(object);
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP') {
    const timeoutSeconds = objectOf(objectOf(spec.sessionAffinityConfig).clientIP).timeoutSeconds ?? 10_800;
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds } };
  }
  spec.type ??= 'ClusterIP';
  for (const port of listOf(spec.ports).filter(isObject)) {
    port.protocol ??= 'TCP';
    if (port.targetPort === 0 || port.targetPort === '') port.targetPort = numberOf(port.port);
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ??= 'Cluster';
  if (needsClusterIp(spec)) spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
}

function prepare(object: ApiObject, existing: ApiObject | undefined): void {
  object.status = existing?.status ?? { loadBalancer: {} };
  const spec = specOf(object);
  if (existing === undefined) {
    if (listOf(spec.clusterIPs).length === 0 && spec.clusterIP !== undefined)
      spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const before = specOf(existing);
  if (needsClusterIp(before) && needsClusterIp(spec)) spec.ipFamilyPolicy ??= before.ipFamilyPolicy;
  keepAllocated(spec, before);
  syncClusterIps(spec, before);
  giveUpSecondFamily(spec, before);
  dropFieldsOfOldType(spec, before);
}

/** ExternalName Services may have this field in storage, but never show it. */
function withoutInternalPolicy(object: ApiObject): ApiObject {
  const { internalTrafficPolicy, ...spec } = specOf(object);
  return spec.type === 'ExternalName' && internalTrafficPolicy !== undefined ? { ...object, spec } : object;
}

/** An update without the allocated addresses and ports keeps them. */
function keepAllocated(spec: JsonObject, before: JsonObject): void {
  if (needsClusterIp(before) && needsClusterIp(spec)) {
    spec.clusterIP ??= before.clusterIP;
    if (spec.clusterIP === before.clusterIP) spec.clusterIPs ??= before.clusterIPs;
  }
  if (!needsNodePort(before) || !needsNodePort(spec)) return;
  const old = listOf(before.ports).filter(isObject);
  const ports = listOf(spec.ports).filter(isObject);
  const used = new Set(ports.map((port) => numberOf(port.nodePort)));
  const byName = new Map(old.map((port) => [stringOf(port.name), numberOf(port.nodePort)]));
  for (const port of ports) {
    const nodePort = byName.get(stringOf(port.name));
    if (numberOf(port.nodePort) === 0 && nodePort !== undefined && !used.has(nodePort))
      port.nodePort = nodePort;
  }
}

/** Old clients change only `clusterIP`; `clusterIPs` follows. */
function syncClusterIps(spec: JsonObject, before: JsonObject): void {
  if (spec.clusterIP === before.clusterIP || !sameJson(spec.clusterIPs, before.clusterIPs)) return;
  if (spec.clusterIP === undefined) delete spec.clusterIPs;
  else spec.clusterIPs = [spec.clusterIP];
}

/** A change back to SingleStack removes the second family, unless the request changed the families too (alloc.go). */
function giveUpSecondFamily(spec: JsonObject, before: JsonObject): void {
  const wasDual = before.ipFamilyPolicy === 'RequireDualStack' || before.ipFamilyPolicy === 'PreferDualStack';
  if (!wasDual || spec.ipFamilyPolicy !== 'SingleStack') return;
  for (const field of ['clusterIPs', 'ipFamilies']) {
    if (sameJson(spec[field], before[field])) spec[field] = listOf(spec[field]).slice(0, 1);
  }
}

/** When the type changes, fields that only the old type needs are removed, unless the request changed them too. */
function dropFieldsOfOldType(spec: JsonObject, before: JsonObject): void {
  const dropUnchanged = (field: string) => {
    if (sameJson(spec[field], before[field])) delete spec[field];
  };
  if (needsClusterIp(before) && !needsClusterIp(spec)) {
    const unchanged = sameJson(spec.clusterIPs, before.clusterIPs);
    if (unchanged) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    for (const field of ['ipFamilies', 'ipFamilyPolicy']) dropUnchanged(field);
  }
  if (needsNodePort(before) && !needsNodePort(spec)) {
    // Ports may change with it, as long as the request has no new node port (`sameNodePorts`).
    const old = nodePortsOf(before);
    if (nodePortsOf(spec).every((port) => old.includes(port))) {
      for (const port of listOf(spec.ports).filter(isObject)) delete port.nodePort;
    }
  }
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    for (const field of ['allocateLoadBalancerNodePorts', 'loadBalancerClass']) dropUnchanged(field);
  }
  if (isExternallyAccessible(before) && !isExternallyAccessible(spec)) dropUnchanged('externalTrafficPolicy');
}

function nodePortsOf({ ports }: JsonObject): number[] {
  return listOf(ports)
    .map((port) => numberOf(objectOf(port).nodePort))
    .filter((port) => port !== 0);
}

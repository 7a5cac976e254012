import { type JsonObject, listOf, objectOf } from '../json.ts';

/** What a Service's spec comes to, for those who allocate, validate and default. */
export function specOf(object: JsonObject): JsonObject {
  return objectOf(object.spec);
}

export function needsClusterIp(spec: JsonObject): boolean {
  return spec.type !== 'ExternalName';
}

export function needsNodePort(spec: JsonObject): boolean {
  return (
    spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)
  );
}

export function isHeadless(spec: JsonObject): boolean {
  return spec.clusterIP === 'None' || listOf(spec.clusterIPs)[0] === 'None';
}

/** From outside the cluster, through a node or a load balancer. */
export function isExternallyAccessible(spec: JsonObject): boolean {
  return (
    spec.type === 'NodePort' ||
    spec.type === 'LoadBalancer' ||
    (spec.type === 'ClusterIP' && listOf(spec.externalIPs).length > 0)
  );
}

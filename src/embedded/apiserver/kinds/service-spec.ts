import { type JsonObject, listOf, objectOf } from '../json.ts';
import { condition, kind } from '../schema/common-schemas.ts';
import {
  always,
  atomicList,
  atomicMap,
  boolean,
  int32,
  intOrString,
  keyedList,
  pointer,
  string,
  struct,
} from '../schema/schema.ts';

const servicePort = struct('ServicePort', {
  name: string,
  protocol: string,
  appProtocol: pointer(string),
  port: always(int32),
  targetPort: always(intOrString),
  nodePort: int32,
});

const loadBalancerIngress = struct('LoadBalancerIngress', {
  ip: string,
  hostname: string,
  ipMode: pointer(string),
  ports: atomicList(struct('PortStatus', { port: always(int32), protocol: string, error: pointer(string) })),
});

export const serviceSchema = kind('Service', {
  spec: struct('ServiceSpec', {
    ports: keyedList(servicePort, [{ name: 'port' }, { name: 'protocol', default: 'TCP' }], 'port'),
    selector: atomicMap(string),
    clusterIP: string,
    clusterIPs: atomicList(string),
    type: string,
    externalIPs: atomicList(string),
    sessionAffinity: string,
    loadBalancerIP: string,
    loadBalancerSourceRanges: atomicList(string),
    externalName: string,
    externalTrafficPolicy: string,
    healthCheckNodePort: int32,
    publishNotReadyAddresses: boolean,
    sessionAffinityConfig: pointer(
      struct('SessionAffinityConfig', {
        clientIP: pointer(struct('ClientIPConfig', { timeoutSeconds: pointer(int32) })),
      }),
    ),
    ipFamilies: atomicList(string),
    ipFamilyPolicy: pointer(string),
    allocateLoadBalancerNodePorts: pointer(boolean),
    loadBalancerClass: pointer(string),
    internalTrafficPolicy: pointer(string),
    trafficDistribution: pointer(string),
  }),
  status: struct('ServiceStatus', {
    loadBalancer: struct('LoadBalancerStatus', { ingress: atomicList(loadBalancerIngress) }),
    conditions: keyedList(condition, [{ name: 'type' }], 'type'),
  }),
});

/** Properties of a Service's spec that allocation, validation and defaulting need. */
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

/** Whether traffic from outside the cluster can reach the Service through a node or a load balancer. */
export function isExternallyAccessible(spec: JsonObject): boolean {
  return (
    spec.type === 'NodePort' ||
    spec.type === 'LoadBalancer' ||
    (spec.type === 'ClusterIP' && listOf(spec.externalIPs).length > 0)
  );
}

import { keyOf, type Target, type TargetPort } from '../target/target.ts';
import type { ServiceObject, ServicePort, ServiceSpec } from './kube-object.ts';
import { DELETION_POLICY_ANNOTATION, ownershipLabels } from './labels.ts';

/**
 * The Service as we apply it: without a selector, so that no controller of Kubernetes writes its endpoints.
 * Fields that the list leaves open are left to the API server and to others.
 */
export function buildService(target: Target, instance: string): ServiceObject {
  const annotations = {
    ...target.service.annotations,
    ...(target.deletionPolicy === 'Orphan' ? { [DELETION_POLICY_ANNOTATION]: 'Orphan' } : {}),
  };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: target.name,
      namespace: target.namespace,
      labels: { ...target.service.labels, ...ownershipLabels(instance) },
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    spec: serviceSpec(target),
  };
}

function serviceSpec(target: Target): ServiceSpec {
  const { service } = target;
  const headless = service.type === 'Headless';
  return {
    type: headless ? 'ClusterIP' : service.type,
    ...(headless ? { clusterIP: 'None' } : {}),
    ports: target.ports.map((port) => servicePort(port, keyOf(target))),
    ...(service.sessionAffinity === undefined ? {} : { sessionAffinity: service.sessionAffinity }),
    // With `Local` kube-proxy drops what finds no endpoint on its own node, and ours are on none
    // (`iptables/proxier.go:914`); so these two are never left to others.
    internalTrafficPolicy: 'Cluster',
    ...(isExternal(service.type) ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(service.trafficDistribution === undefined
      ? {}
      : { trafficDistribution: service.trafficDistribution }),
    ...(service.ipFamilies === undefined ? {} : { ipFamilies: service.ipFamilies }),
    ...(service.ipFamilyPolicy === undefined ? {} : { ipFamilyPolicy: service.ipFamilyPolicy }),
  };
}

function isExternal(type: Target['service']['type']): boolean {
  return type === 'NodePort' || type === 'LoadBalancer';
}

function servicePort(port: TargetPort, target: string): ServicePort {
  // The API server does not range-check a slice's ports, so nothing out of range may ever get this far.
  if (port.port < 1 || port.port > 65535 || port.targetPort < 1 || port.targetPort > 65535) {
    throw new Error(`${target}: port ${port.port} → ${port.targetPort} is out of range`);
  }
  return {
    ...(port.name === '' ? {} : { name: port.name }),
    port: port.port,
    targetPort: port.targetPort,
    protocol: port.protocol,
    ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
  };
}

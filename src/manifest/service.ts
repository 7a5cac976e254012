import { ADDRESS_FAMILIES } from '../model/ip-address.ts';
import { keyOf, type Target, type TargetPort } from '../model/target.ts';
import type { ServiceObject, ServicePort, ServiceSpec } from './kube-object.ts';
import { ownershipLabels, targetAnnotations } from './labels.ts';

/**
 * The Service as we apply it: without a selector, so that no controller of Kubernetes writes its endpoints. Fields that
 * the list does not set are left to the API server and to other managers.
 *
 * @param live the existing Service: the API server keeps a policy that the list does not set.
 */
export function buildService(
  target: Target,
  instance: string,
  live: Pick<ServiceSpec, 'ipFamilies' | 'ipFamilyPolicy'> = {},
): ServiceObject {
  const annotations = {
    ...target.service.annotations,
    ...targetAnnotations(target).annotations,
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
    spec: serviceSpec(target, familiesAskedFor(target, live)),
  };
}

function serviceSpec(target: Target, ipFamilies: readonly string[] | undefined): ServiceSpec {
  const { service } = target;
  const headless = service.type === 'Headless';
  return {
    type: headless ? 'ClusterIP' : service.type,
    ...(headless ? { clusterIP: 'None' } : {}),
    ports: target.ports.map((port) => servicePort(port, keyOf(target))),
    ...(service.sessionAffinity === undefined ? {} : { sessionAffinity: service.sessionAffinity }),
    // With `Local` kube-proxy drops traffic that finds no endpoint on its node, and our endpoints are on no node
    // (`iptables/proxier.go:914`). So these two fields are always set.
    internalTrafficPolicy: 'Cluster',
    ...(isExternal(service.type) ? { externalTrafficPolicy: 'Cluster' } : {}),
    ...(service.trafficDistribution === undefined
      ? {}
      : { trafficDistribution: service.trafficDistribution }),
    ...(ipFamilies === undefined ? {} : { ipFamilies }),
    ...(service.ipFamilyPolicy === undefined ? {} : { ipFamilyPolicy: service.ipFamilyPolicy }),
  };
}

/**
 * One family and a dual-stack policy mean: that family first. The API server adds the second family. From then on it
 * rejects an apply with only one as an attempt to remove the second, so the apply has both.
 */
function familiesAskedFor(
  { service }: Target,
  live: Pick<ServiceSpec, 'ipFamilies' | 'ipFamilyPolicy'>,
): readonly string[] | undefined {
  const { ipFamilies } = service;
  const [first] = ipFamilies ?? [];
  if (first === undefined || ipFamilies?.length === 2) return ipFamilies;
  const policy = service.ipFamilyPolicy ?? live.ipFamilyPolicy ?? defaultPolicy(service.type);
  const hasBoth = live.ipFamilies?.length === 2 && live.ipFamilies[0] === first;
  if (policy === 'RequireDualStack' || (policy === 'PreferDualStack' && hasBoth)) {
    return [first, ...ADDRESS_FAMILIES.filter((family) => family !== first)];
  }
  return ipFamilies;
}

/** A headless Service without a selector gets both families, even on a single-stack cluster (`service/storage/alloc.go:140`). */
export function defaultPolicy(type: Target['service']['type']): 'RequireDualStack' | 'SingleStack' {
  return type === 'Headless' ? 'RequireDualStack' : 'SingleStack';
}

function isExternal(type: Target['service']['type']): boolean {
  return type === 'NodePort' || type === 'LoadBalancer';
}

function servicePort(port: TargetPort, target: string): ServicePort {
  // The API server does not check the range of a slice's ports, so this check is the last one.
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

export function hasSelector(service: ServiceObject | undefined): boolean {
  return Object.keys(service?.spec.selector ?? {}).length > 0;
}

/** DNS answers for such a Service with a CNAME; it has no cluster IP and no families yet. */
export function isExternalName(service: ServiceObject | undefined): boolean {
  return service?.spec.type === 'ExternalName';
}

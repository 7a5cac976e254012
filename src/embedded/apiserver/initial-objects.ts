import type { Clock } from '../../time/clock.ts';
import type { Random } from '../../time/random.ts';
import { newUid, timestamp } from './identifiers.ts';
import { type ApiObject, type ObjectMeta, orderedMeta } from './object.ts';

const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
const KUBERNETES_PORT = { name: 'https', protocol: 'TCP', port: 443, targetPort: 6443 };

/** The objects of every new cluster: its namespaces, and the Service of the API server. */
export function initialObjects(clock: Clock, random: Random): { resource: string; object: ApiObject }[] {
  const metadataOf = (name: string, rest: Partial<ObjectMeta>): ObjectMeta =>
    orderedMeta({
      ...rest,
      name,
      uid: newUid(random),
      resourceVersion: '',
      creationTimestamp: timestamp(clock.wallNow()),
    });
  const namespaces = NAMESPACES.map((name) => ({
    kind: 'Namespace',
    apiVersion: 'v1',
    metadata: metadataOf(name, { labels: { 'kubernetes.io/metadata.name': name } }),
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  }));
  const kubernetes: ApiObject = {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: metadataOf('kubernetes', {
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    }),
    spec: {
      ports: [KUBERNETES_PORT],
      clusterIP: '10.96.0.1',
      clusterIPs: ['10.96.0.1'],
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
    },
    status: { loadBalancer: {} },
  };
  return [
    ...namespaces.map((object) => ({ resource: 'namespaces', object })),
    { resource: 'services', object: kubernetes },
  ];
}

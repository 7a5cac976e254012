import {
  always,
  anything,
  atomicList,
  atomicMap,
  atomicStruct,
  boolean,
  bytes,
  int32,
  int64,
  intOrString,
  keyedList,
  map,
  microTime,
  pointer,
  type Schema,
  type StructSchema,
  setList,
  string,
  struct,
  time,
} from './schema.ts';

/**
 * The types of staging/src/k8s.io/api (1.36), field by field in the order in which Go writes them, with
 * their `+listType`, `+mapType`, `+structType` and `patchMergeKey` markers.
 */
const objectReference = atomicStruct('ObjectReference', {
  kind: string,
  namespace: string,
  name: string,
  uid: string,
  apiVersion: string,
  resourceVersion: string,
  fieldPath: string,
});

const ownerReference = atomicStruct('OwnerReference', {
  apiVersion: always(string),
  kind: always(string),
  name: always(string),
  uid: always(string),
  controller: pointer(boolean),
  blockOwnerDeletion: pointer(boolean),
});

const objectMeta = struct('ObjectMeta', {
  name: string,
  generateName: string,
  namespace: string,
  selfLink: string,
  uid: string,
  resourceVersion: string,
  generation: int64,
  creationTimestamp: time,
  deletionTimestamp: pointer(time),
  deletionGracePeriodSeconds: pointer(int64),
  labels: map(string),
  annotations: map(string),
  ownerReferences: keyedList(ownerReference, [{ name: 'uid' }], 'uid'),
  finalizers: setList(string, ''),
  managedFields: atomicList(
    struct('ManagedFieldsEntry', {
      manager: string,
      operation: string,
      apiVersion: string,
      time: pointer(time),
      fieldsType: string,
      fieldsV1: pointer(anything),
      subresource: string,
    }),
  ),
});

const condition = struct('Condition', {
  type: always(string),
  status: always(string),
  observedGeneration: int64,
  lastTransitionTime: always(time),
  reason: always(string),
  message: always(string),
});

function kind(name: string, fields: Readonly<Record<string, Schema>>): StructSchema {
  return struct(name, { kind: string, apiVersion: string, metadata: objectMeta, ...fields });
}

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

const endpointAddress = atomicStruct('EndpointAddress', {
  ip: always(string),
  hostname: string,
  nodeName: pointer(string),
  targetRef: pointer(objectReference),
});

export const endpointsSchema = kind('Endpoints', {
  subsets: atomicList(
    struct('EndpointSubset', {
      addresses: atomicList(endpointAddress),
      notReadyAddresses: atomicList(endpointAddress),
      ports: atomicList(
        atomicStruct('EndpointPort', {
          name: string,
          port: always(int32),
          protocol: string,
          appProtocol: pointer(string),
        }),
      ),
    }),
  ),
});

const endpointHints = struct('EndpointHints', {
  forZones: atomicList(struct('ForZone', { name: always(string) })),
  forNodes: atomicList(struct('ForNode', { name: always(string) })),
});

export const endpointSliceSchema = kind('EndpointSlice', {
  addressType: always(string),
  endpoints: always(
    atomicList(
      struct('Endpoint', {
        addresses: always(setList(string)),
        conditions: struct('EndpointConditions', {
          ready: pointer(boolean),
          serving: pointer(boolean),
          terminating: pointer(boolean),
        }),
        hostname: pointer(string),
        targetRef: pointer(objectReference),
        deprecatedTopology: map(string),
        nodeName: pointer(string),
        zone: pointer(string),
        hints: pointer(endpointHints),
      }),
    ),
  ),
  ports: always(
    atomicList(
      atomicStruct('EndpointPort', {
        name: pointer(string),
        protocol: pointer(string),
        port: pointer(int32),
        appProtocol: pointer(string),
      }),
    ),
  ),
});

export const configMapSchema = kind('ConfigMap', {
  immutable: pointer(boolean),
  data: map(string),
  binaryData: map(bytes),
});

export const leaseSchema = kind('Lease', {
  spec: struct('LeaseSpec', {
    holderIdentity: pointer(string),
    leaseDurationSeconds: pointer(int32),
    acquireTime: pointer(microTime),
    renewTime: pointer(microTime),
    leaseTransitions: pointer(int32),
    strategy: pointer(string),
    preferredHolder: pointer(string),
  }),
});

export const namespaceSchema = kind('Namespace', {
  spec: struct('NamespaceSpec', { finalizers: atomicList(string) }),
  status: struct('NamespaceStatus', {
    phase: string,
    conditions: keyedList(condition, [{ name: 'type' }], 'type'),
  }),
});

const eventSource = struct('EventSource', { component: string, host: string });

export const coreEventSchema = kind('Event', {
  involvedObject: objectReference,
  reason: string,
  message: string,
  source: eventSource,
  firstTimestamp: always(time),
  lastTimestamp: always(time),
  count: int32,
  type: string,
  eventTime: always(microTime),
  series: pointer(struct('EventSeries', { count: int32, lastObservedTime: microTime })),
  action: string,
  related: pointer(objectReference),
  reportingComponent: always(string),
  reportingInstance: always(string),
});

export const eventSchema = kind('Event', {
  eventTime: always(microTime),
  series: pointer(struct('EventSeries', { count: always(int32), lastObservedTime: always(microTime) })),
  reportingController: string,
  reportingInstance: string,
  action: string,
  reason: string,
  regarding: objectReference,
  related: pointer(objectReference),
  note: string,
  type: string,
  deprecatedSource: eventSource,
  deprecatedFirstTimestamp: always(time),
  deprecatedLastTimestamp: always(time),
  deprecatedCount: int32,
});

export const selfSubjectAccessReviewSchema = kind('SelfSubjectAccessReview', {
  spec: struct('SelfSubjectAccessReviewSpec', {
    resourceAttributes: pointer(
      struct('ResourceAttributes', {
        namespace: string,
        verb: string,
        group: string,
        version: string,
        resource: string,
        subresource: string,
        name: string,
      }),
    ),
    nonResourceAttributes: pointer(struct('NonResourceAttributes', { path: string, verb: string })),
  }),
  status: struct('SubjectAccessReviewStatus', {
    allowed: always(boolean),
    denied: boolean,
    reason: string,
    evaluationError: string,
  }),
});

export const selfSubjectRulesReviewSchema = kind('SelfSubjectRulesReview', {
  spec: struct('SelfSubjectRulesReviewSpec', { namespace: string }),
  status: anything,
});

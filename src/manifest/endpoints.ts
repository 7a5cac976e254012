import type { Target } from '../model/target.ts';
import { type EndpointEntry, portSetKey } from './endpoint-entry.ts';
import type { EndpointPort, EndpointSubset, EndpointsObject } from './kube-object.ts';
import { OVER_CAPACITY_ANNOTATION, ownershipLabels, SKIP_MIRROR_LABEL, targetAnnotations } from './labels.ts';

/** The limit of the Endpoints controller (`endpoints_controller.go:696`). */
export const MAX_ENDPOINTS_ADDRESSES = 1000;

/**
 * The legacy object, for programs that still read it. It says skip-mirror exactly if we publish slices, too: with
 * mirrored slices beside ours, kube-proxy would pick at random between the two.
 */
export function buildEndpoints(
  target: Target,
  instance: string,
  entries: readonly EndpointEntry[],
): EndpointsObject {
  const kept = withinCapacity(entries);
  const subsets = subsetsOf(kept);
  const skipMirror = target.publish.resources.includes('EndpointSlice');
  const annotations = {
    ...targetAnnotations(target).annotations,
    ...(kept.length < entries.length ? { [OVER_CAPACITY_ANNOTATION]: 'truncated' } : {}),
  };
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: target.name,
      namespace: target.namespace,
      labels: { ...ownershipLabels(instance), ...(skipMirror ? { [SKIP_MIRROR_LABEL]: 'true' } : {}) },
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    ...(subsets.length > 0 ? { subsets } : {}),
  };
}

/** Ready addresses first: the addresses beyond the limit take no traffic, if possible. */
function withinCapacity(entries: readonly EndpointEntry[]): readonly EndpointEntry[] {
  const addresses = new Set<string>();
  for (const entry of [...entries.filter((each) => each.ready), ...entries.filter((each) => !each.ready)]) {
    if (addresses.size === MAX_ENDPOINTS_ADDRESSES) break;
    addresses.add(entry.address);
  }
  return entries.filter((entry) => addresses.has(entry.address));
}

function subsetsOf(entries: readonly EndpointEntry[]): EndpointSubset[] {
  const groups = Map.groupBy(entries, (entry) => portSetKey(entry.ports));
  return [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, group]) => {
      const addresses = group.filter((entry) => entry.ready).map((entry) => ({ ip: entry.address }));
      const notReadyAddresses = group.filter((entry) => !entry.ready).map((entry) => ({ ip: entry.address }));
      return portListsOf(group[0]?.ports ?? []).map((ports) => ({
        ...(addresses.length > 0 ? { addresses } : {}),
        ...(notReadyAddresses.length > 0 ? { notReadyAddresses } : {}),
        ports,
      }));
    });
}

/** Several ports of one subset need names (`validation.go:8450`), so a port without a name has a subset of its own. */
function portListsOf(ports: readonly EndpointPort[]): (readonly EndpointPort[])[] {
  const unnamed = ports.filter(({ name = '' }) => name === '');
  if (ports.length < 2 || unnamed.length === 0) return [ports];
  return [unnamed, ports.filter((port) => !unnamed.includes(port))];
}

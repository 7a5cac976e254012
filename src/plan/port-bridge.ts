import {
  type Assessment,
  type PortAssessment,
  type PublishedReadiness,
  publishedKey,
} from '../endpoint/assessment.ts';
import { type EndpointEntry, entriesIn } from '../manifest/endpoint-entry.ts';
import type { EndpointPort, EndpointSliceObject } from '../manifest/kube-object.ts';
import type { Protocol } from '../model/target.ts';
import { publishedReadiness } from './existing-objects.ts';

/**
 * kube-proxy joins Service and slice by the port's name (`endpointslicecache.go:183`). While a Service changes the
 * names of its ports, the addresses are published under the old ones too, so that whichever the Service has at a
 * moment finds its endpoints. That may take long, where the Service is somebody else's to change, so the old ports
 * follow the verdict on the number that they lead to.
 *
 * @param leaving names that the Service still has and will not have any more.
 * @param serving slices that serve it now.
 * @param others slices that are not ours, which must not be contradicted.
 */
export function bridgePorts(
  assessments: readonly Assessment[],
  leaving: ReadonlySet<string>,
  serving: readonly EndpointSliceObject[],
  others: readonly EndpointSliceObject[],
): readonly Assessment[] {
  if (leaving.size === 0) return assessments;
  const served = Map.groupBy(serving.flatMap(entriesIn), (entry): string => entry.address);
  const said = publishedReadiness(others);
  return assessments.map((assessment) => {
    const old = oldPorts(assessment, leaving, served.get(assessment.address) ?? [], said);
    return old.length === 0 ? assessment : { ...assessment, ports: [...assessment.ports, ...old] };
  });
}

/** One of each name: a slice tells ports apart by name alone. Rather the one whose number stays. */
function oldPorts(
  { address, refused, ports }: Assessment,
  leaving: ReadonlySet<string>,
  served: readonly EndpointEntry[],
  said: PublishedReadiness,
): PortAssessment[] {
  if (refused) return [];
  const found = new Map<string, PortAssessment>();
  for (const entry of served) {
    for (const port of entry.ports) {
      const name = port.name ?? '';
      const verdict = ports.find(
        ({ port: number, protocol }) => number === port.port && protocol === (port.protocol ?? 'TCP'),
      );
      if (!leaving.has(name) || (found.has(name) && verdict === undefined)) continue;
      const ready = said.get(publishedKey(address, port)) ?? verdict?.ready ?? entry.ready;
      found.set(name, oldPort(port, ready));
    }
  }
  return [...found.values()];
}

function oldPort(
  { name = '', port = 0, protocol = 'TCP', appProtocol }: EndpointPort,
  ready: boolean,
): PortAssessment {
  return {
    name,
    port,
    protocol: protocol as Protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
    ready,
    reason: 'PortLeaving',
    message: 'until the Service has its new ports',
  };
}

import {
  type Assessment,
  type PortAssessment,
  type PublishedReadiness,
  publishedKey,
} from '../endpoint/assessment.ts';
import { type EndpointEntry, entriesIn } from '../manifest/endpoint-entry.ts';
import type { EndpointPort, EndpointSliceObject, ServiceObject } from '../manifest/kube-object.ts';
import { isExternalName } from '../manifest/service.ts';
import type { Protocol, Target } from '../model/target.ts';
import { publishedReadiness } from './existing-objects.ts';

/** Port names that the Service loses by this target's plan, and that these slices serve until then. */
export function removedPortNames(
  target: Target,
  service: ServiceObject | undefined,
  serving: readonly EndpointSliceObject[],
): ReadonlySet<string> {
  if (!target.service.create || isExternalName(service)) return new Set();
  const served = new Set(serving.flatMap(({ ports }) => (ports ?? []).map(({ name = '' }) => name)));
  const wanted = new Set(target.ports.map((port) => port.name));
  const current = (service?.spec.ports ?? []).map((port) => port.name ?? '');
  return new Set(current.filter((name) => !wanted.has(name) && served.has(name)));
}

/**
 * kube-proxy joins Service and slice by the port's name (`endpointslicecache.go:183`). While a Service changes the names
 * of its ports, the addresses are published under both names: the Service finds its endpoints before and after. If
 * another owner has to change the Service, that takes long, so the old port follows the verdict on its port number.
 *
 * @param removedPorts names that the Service has now and loses.
 * @param serving slices that serve it now.
 * @param otherSlices slices of other owners, which ours must not contradict.
 */
export function bridgePorts(
  assessments: readonly Assessment[],
  removedPorts: ReadonlySet<string>,
  serving: readonly EndpointSliceObject[],
  otherSlices: readonly EndpointSliceObject[],
): readonly Assessment[] {
  if (removedPorts.size === 0) return assessments;
  const served = Map.groupBy(serving.flatMap(entriesIn), (entry): string => entry.address);
  const otherReadiness = publishedReadiness(otherSlices);
  return assessments.map((assessment) => {
    const old = oldPorts(assessment, removedPorts, served.get(assessment.address) ?? [], otherReadiness);
    return old.length === 0 ? assessment : { ...assessment, ports: [...assessment.ports, ...old] };
  });
}

/** One port of each name, because a slice identifies ports by name alone: if possible, one whose number stays. */
function oldPorts(
  { address, refused, ports }: Assessment,
  removedPorts: ReadonlySet<string>,
  served: readonly EndpointEntry[],
  otherReadiness: PublishedReadiness,
): PortAssessment[] {
  if (refused) return [];
  const found = new Map<string, PortAssessment>();
  for (const entry of served) {
    for (const port of entry.ports) {
      const name = port.name ?? '';
      const verdict = ports.find(
        ({ port: number, protocol }) => number === port.port && protocol === (port.protocol ?? 'TCP'),
      );
      if (!removedPorts.has(name) || (found.has(name) && verdict === undefined)) continue;
      const ready = otherReadiness.get(publishedKey(address, port)) ?? verdict?.ready ?? entry.ready;
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
    message: 'served under its old port name until the Service has the new ports',
  };
}

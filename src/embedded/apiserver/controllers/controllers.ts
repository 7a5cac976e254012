import type { Engine } from '../call.ts';
import type { Change } from '../store.ts';
import { ControllerClient } from './controller-client.ts';
import { GarbageCollector } from './garbage-collector.ts';
import { mirror } from './mirroring.ts';
import { emptyNamespace } from './namespace.ts';
import { type SelectPods, writeServiceEndpoints, writeServiceSlices } from './service-endpoints.ts';
import { SliceIndex, serviceKeyOf } from './slice-index.ts';
import { WorkQueue } from './work-queue.ts';

/** The names of kube-controller-manager's `--controllers`. */
export type ControllerName =
  | 'endpointslice-mirroring-controller'
  | 'endpoints-controller'
  | 'endpointslice-controller'
  | 'garbage-collector-controller'
  | 'namespace-controller';

export const ALL_CONTROLLERS: readonly ControllerName[] = [
  'endpointslice-mirroring-controller',
  'endpoints-controller',
  'endpointslice-controller',
  'garbage-collector-controller',
  'namespace-controller',
];

export interface ControllerSettings {
  readonly controllers: readonly ControllerName[];
  /** The delay from a change until a controller processes it. A real one took 10 ms (p50). */
  readonly delayMs?: number;
  readonly selectPods?: SelectPods;
}

const DEFAULT_DELAY_MS = 10;

interface Running {
  /** The keys to process after a change. */
  keysFor(change: Change): readonly string[];
  /** The keys to process for an object that exists at the start; defaults to those after a change. */
  keysAtStart?(change: Change): readonly string[];
  readonly queue: WorkQueue;
}

/**
 * Starts the controllers of kube-controller-manager that read or write the same objects as external-endpoints.
 * They stop when `signal` aborts.
 */
export function startControllers(engine: Engine, settings: ControllerSettings, signal: AbortSignal): void {
  const client = new ControllerClient(engine);
  const slices = new SliceIndex(engine.store);
  const { delayMs = DEFAULT_DELAY_MS, selectPods = () => [] } = settings;
  const queue = (work: (key: string) => void) => new WorkQueue(engine.clock, delayMs, signal, work);
  const start: Readonly<Record<ControllerName, () => Running>> = {
    'endpointslice-mirroring-controller': () => ({
      keysFor: serviceKeys,
      queue: queue((key) => mirror(client, slices, key)),
    }),
    'endpoints-controller': () => ({
      keysFor: ({ resource, stored, type }) =>
        resource === 'services' || (resource === 'endpoints' && type === 'DELETED') ? [stored.key] : [],
      // Finds Endpoints without a Service (endpoints_controller.go, checkLeftoverEndpoints).
      keysAtStart: ({ resource, stored }) =>
        resource === 'services' || resource === 'endpoints' ? [stored.key] : [],
      queue: queue((key) => writeServiceEndpoints(client, selectPods, key)),
    }),
    'endpointslice-controller': () => ({
      keysFor: serviceKeys,
      queue: queue((key) => writeServiceSlices(client, slices, selectPods, key)),
    }),
    'garbage-collector-controller': () => {
      const collector = new GarbageCollector(client);
      return {
        keysFor: (change) => collector.follow(change),
        queue: queue((item) => collector.collect(item)),
      };
    },
    'namespace-controller': () => ({
      keysFor: namespaceKeys,
      queue: queue((name) => emptyNamespace(client, name)),
    }),
  };
  const running = settings.controllers.map((name) => start[name]());
  const unsubscribe = engine.store.subscribe((change) => {
    slices.follow(change);
    for (const { keysFor, queue: work } of running) for (const key of keysFor(change)) work.add(key);
  });
  signal.addEventListener('abort', unsubscribe, { once: true });
  // Process existing objects too, as an informer does after its first list.
  for (const resource of ['services', 'endpoints', 'endpointslices', 'namespaces']) {
    for (const stored of engine.store.list(resource)) {
      const change: Change = { type: 'ADDED', resource, revision: 0, stored, before: undefined };
      for (const { keysFor, keysAtStart = keysFor, queue: work } of running) {
        for (const key of keysAtStart(change)) work.add(key);
      }
    }
  }
}

function serviceKeys({ resource, stored }: Change): readonly string[] {
  if (resource === 'services' || resource === 'endpoints') return [stored.key];
  return resource === 'endpointslices' ? [serviceKeyOf(stored.object)] : [];
}

function namespaceKeys({ resource, stored }: Change): readonly string[] {
  if (resource === 'namespaces') return [stored.key];
  const namespace = stored.object.metadata.namespace;
  return namespace === undefined ? [] : [namespace];
}

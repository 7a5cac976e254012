import type { CliContext } from '../../../src/cli/context.ts';
import type { ClusterListFlags } from '../../../src/cli/options.ts';
import { partOf } from '../../../src/config/target-list.ts';
import { createResolver, DEFAULT_RESOLVER_LIMITS } from '../../../src/dns/stub-resolver.ts';
import { type Prober, proberOver } from '../../../src/health/probe.ts';
import { KubeStore } from '../../../src/io/kube-store.ts';
import type { Log } from '../../../src/model/log.ts';
import { ConfigMapState } from '../../../src/state/config-map-state.ts';
import { NO_METRICS } from '../../../src/sync/metrics.ts';
import type { Cron } from '../../../src/time/cron.ts';
import { LeadershipCheck } from '../checks/leadership.ts';
import { socketAddress } from '../checks/lost-route.ts';
import { ReferenceHealth } from '../checks/reference-health.ts';
import type { ListVersion } from '../scenario/target-spec.ts';
import { ApiClient } from './api-client.ts';
import { Bounds } from './bounds.ts';
import { fateOf } from './fate.ts';
import { FLAGS_OF_FILE, followedFile } from './followed-file.ts';
import { FLAGS_OF_CONFIG_MAP, listInAnswer, notingReads } from './list-config-map.ts';
import type { Machine } from './machine.ts';
import { collectingTerminal } from './paper.ts';
import type { RequestFate } from './request-fate.ts';
import { SimProcess } from './sim-process.ts';
import { plainText, StateLineage } from './state-lineage.ts';
import { streamOf } from './streams.ts';
import type { Arrivals } from './watch-arrivals.ts';
import { WorkerRecord } from './worker-record.ts';
import type { World } from './world.ts';

export const INSTANCE_NAME = 'default';
export const STATE_NAMESPACE = 'default';
const MAX_PROBES_IN_FLIGHT = 512;

/** A process of the product in the simulated world, with all its ports. */
export interface ProductProcess {
  readonly process: SimProcess;
  readonly context: CliContext;
  readonly paper: { readonly out: string; readonly err: string };
  /** The source of its list. */
  readonly listFlags: ClusterListFlags;
  readonly terminate: () => void;
  /** Its watches, open and closed. */
  readonly watches: ReadonlySet<Arrivals>;
  readonly bounds: Bounds;
}

/** Builds what `wiring` builds, with ports of the simulated world. */
export function startProcess(
  world: World,
  name: string,
  machine: Machine,
  death: RequestFate['death'],
): ProductProcess {
  const { scheduler, scenario } = world;
  const process = new SimProcess(name, machine, streamOf(scenario.seed, name), scheduler);
  const record = recordOf(process, world);
  const addresses = scenario.targets.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  const bounds = new Bounds(addresses, (message) => world.checkers.report(12, `${name}: ${message}`));
  const watches = new Set<Arrivals>();
  const lineage = StateLineage.of(world);
  const leadership = new LeadershipCheck(world, process);
  const luck = streamOf(scenario.seed, `servers of ${name}`);
  const fate = fateOf({
    latencyMs: scenario.latencyMs,
    faults: () => world.apiFaults,
    death: (request) => {
      const when = death(request);
      if (when !== undefined) world.disturbance.note({ do: 'kill' }, scheduler.nowMs);
      return when;
    },
    random: streamOf(scenario.seed, `fate of ${name}`),
    replica: () => luck.integer(2),
    onRequest: (change) => bounds.count('requests', change),
    onWatch: (arrivals) => watches.add(arrivals),
    knowledge: () => record.health.copy(),
    onSend: (request) => {
      bounds.pace('requests sent', scheduler.nowMs);
      leadership.look(request);
    },
    onAnswer: (request, answer) => {
      lineage.follow(request, answer, record);
      noteList(listInAnswer(request, answer, world.file));
      // The server answers a JSON patch whose test fails with the same code.
      const isTest = request.contentType === 'application/json-patch+json';
      if (!answer.ok && answer.failure.httpStatus === 422 && !isTest) {
        world.checkers.report(8, `${name} sent what the API rejects: ${answer.failure.message}`);
      }
    },
  });
  const noteList = (version: ListVersion | undefined) => {
    if (version?.targets !== undefined) record.readList(version, scheduler.nowMs, ownedServices(world));
  };
  const client = new ApiClient(process, world, fate);
  const store = new KubeStore(client);
  const resolver = createResolver({
    transport: world.dns.transportFor(process, (change) => bounds.count('queries', change)),
    clock: process.clock,
    random: process.random,
    systemConfig: () => {
      throw new Error('every target of the simulation names its DNS servers');
    },
    systemHosts: () => new Map(),
    limits: DEFAULT_RESOLVER_LIMITS,
  });
  const dialer = world.hosts.dialerFor(process, (change) => bounds.count('sockets', change));
  const paper = collectingTerminal();
  const interruption = new AbortController();
  const context: CliContext = {
    terminal: paper.terminal,
    version: 'simulated',
    nodeVersion: 'simulated',
    clock: process.clock,
    random: process.random,
    resolver,
    prober: watched(proberOver(dialer, process.clock), record, world),
    maxProbesInFlight: MAX_PROBES_IN_FLIGHT,
    signal: interruption.signal,
    readList: async (paths) => {
      if (paths.length === 0) return [];
      const { parts, version } = world.file.read();
      noteList(version);
      return parts;
    },
    readPart: notingReads(async (part) => partOf(part), world.file, noteList),
    followFiles: (paths) => paths.map(() => followedFile(world, process, noteList)),
    connect: async ({ instance, stateNamespace = STATE_NAMESPACE }) => ({
      ok: true,
      cluster: {
        name: 'simulated',
        stateNamespace,
        store,
        state: new ConfigMapState(store, plainText, process.clock, { namespace: stateNamespace, instance }),
        requestCount: () => client.requestCount,
        onAnswer: () => undefined,
        close: async () => undefined,
      },
    }),
    identity: name,
    newLog: async () => countingLog(() => bounds.pace('log lines', scheduler.nowMs)),
    newMetrics: async () => ({ metrics: NO_METRICS, contentType: 'text/plain', text: async () => '' }),
    cron: noCron,
    startStatusServer: async () => ({ port: 0, close: async () => undefined }),
    startDemoWorld: () => Promise.reject(new Error('no demo in a simulation')),
  };
  return {
    process,
    context,
    paper,
    bounds,
    watches,
    listFlags: scenario.listIn === 'configMap' ? FLAGS_OF_CONFIG_MAP : FLAGS_OF_FILE,
    terminate: () => interruption.abort(new Error('SIGTERM')),
  };
}

function recordOf(process: SimProcess, world: World): WorkerRecord {
  const record = new WorkerRecord(process, new ReferenceHealth(), ownedServices(world));
  world.workers.set(process, record);
  return record;
}

function ownedServices({ checkers, cluster }: World): number {
  return checkers.ownership.servicesOf(cluster.core.store).size;
}

/** The product's prober; its samples are recorded. */
function watched(prober: Prober, record: WorkerRecord, world: World): Prober {
  return async (check, signal) => {
    const sample = await prober(check, signal);
    const at = socketAddress(check.address, check.port);
    record.health.observe(at, sample, thresholdsAt(world), world.scheduler.nowMs);
    world.log.note(`${record.process.name} ${at} ${sample.reason}`);
    return sample;
  };
}

/** The lowest thresholds of all lists so far: targets may share an address. */
function thresholdsAt({ file }: World): { healthy: number; unhealthy: number } {
  const all = file.versions.flatMap(({ targets = [] }) => targets);
  return {
    healthy: Math.max(...all.map(({ healthyThreshold }) => healthyThreshold)),
    unhealthy: Math.min(...all.map(({ unhealthyThreshold }) => unhealthyThreshold)),
  };
}

function countingLog(onLine: () => void): Log {
  return { info: onLine, warn: onLine, error: onLine };
}

const noCron: Cron = {
  problemWith: () => undefined,
  run: () => Promise.reject(new Error('nothing is scheduled in a simulation')),
};

import { AnswerRecord } from '../checks/answer-record.ts';
import { Checkers } from '../checks/checkers.ts';
import type { Circumstances } from '../checks/lost-route.ts';
import { Promptness } from '../checks/promptness.ts';
import { NAMESPACES } from '../scenario/generate-targets.ts';
import type { Scenario } from '../scenario/incident.ts';
import type { ApiFault } from './api-faults.ts';
import { ApiReplicas } from './api-replicas.ts';
import { Cluster } from './cluster.ts';
import { Controllers } from './controllers.ts';
import { Disturbance } from './disturbance.ts';
import { DnsReactions } from './dns-reactions.ts';
import { DnsServers } from './dns-servers.ts';
import { EventLog } from './event-log.ts';
import { Hosts } from './hosts.ts';
import { keepInConfigMap } from './list-config-map.ts';
import { Machine } from './machine.ts';
import { Names } from './names.ts';
import { Occurrences } from './occurrences.ts';
import { People } from './people.ts';
import { Scheduler } from './scheduler.ts';
import { SimProcess } from './sim-process.ts';
import { StaleReads } from './stale-reads.ts';
import { streamOf } from './streams.ts';
import { TargetFile } from './target-file.ts';
import type { WorkerRecord } from './worker-record.ts';

/** Four sequential writes to the API server. */
const MOST_TRIPS_OF_A_PLAN = 8;

/** All parts of one simulated world, built from one scenario. */
export class World {
  readonly scenario: Scenario;
  readonly scheduler = new Scheduler();
  readonly log: EventLog;
  readonly machines: readonly [Machine, Machine];
  readonly cluster: Cluster;
  readonly replicas = new ApiReplicas(this.scheduler);
  readonly staleReads: StaleReads;
  readonly controllers: Controllers;
  readonly people: People;
  readonly file: TargetFile;
  readonly hosts: Hosts;
  readonly names: Names;
  readonly dnsReactions: DnsReactions;
  readonly dns: DnsServers;
  readonly answers = new AnswerRecord();
  readonly checkers: Checkers;
  readonly workers = new Map<SimProcess, WorkerRecord>();
  readonly disturbance = new Disturbance();
  readonly promptness: Promptness;
  /** The faults that requests may have now. */
  apiFaults: ReadonlyMap<ApiFault, number> = new Map();
  /** Services that were released with `release`. */
  readonly releasedKeys = new Set<string>();
  /** The sum of all jumps of wall clocks. */
  jumpedMs = 0;
  /** The highest speed of a clock so far. */
  fastestRate = 1;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    const { seed } = scenario;
    this.log = new EventLog(this.scheduler);
    this.machines = [new Machine('alpha'), new Machine('beta')];
    const server = new SimProcess(
      'kube-api',
      new Machine('control'),
      streamOf(seed, 'api server'),
      this.scheduler,
    );
    this.cluster = new Cluster(server.clock, server.random);
    this.staleReads = new StaleReads(this.scheduler, this.cluster.core.store);
    this.checkers = new Checkers({
      cluster: this.cluster,
      circumstances: () => this.#circumstances(),
      workerOf: (process) => this.workers.get(process),
    });
    this.controllers = new Controllers(this.cluster, this.scheduler, streamOf(seed, 'controllers'));
    new Occurrences(this.cluster, this.log);
    this.people = new People(this.cluster, this.log, this.scheduler);
    this.file = new TargetFile(scenario.targets, scenario.guards, this.log);
    this.hosts = new Hosts(this.scheduler, this.log);
    this.promptness = new Promptness(this);
    this.names = new Names(scenario.ttlSeconds, this.log, (name, type, answer) =>
      this.answers.note(name, type, answer, this.scheduler.nowMs),
    );
    this.dnsReactions = new DnsReactions(this.names, streamOf(seed, 'dns'), this.log);
    this.dns = new DnsServers(this.scheduler, this.dnsReactions);
    for (const [name, content] of scenario.names) this.names.set(name, content);
    for (const namespace of NAMESPACES) this.people.makeNamespace(namespace);
    for (const made of scenario.handMade) this.people.makeByHand(made);
    if (scenario.listIn === 'configMap') keepInConfigMap(this.file, this.people);
  }

  /** How far the clocks of the machines differ. */
  #driftedMs(): number {
    const { nowMs } = this.scheduler;
    return this.machines.reduce((sum, machine) => sum + Math.abs(machine.countedMs(nowMs) - nowMs), 0);
  }

  #circumstances(): Circumstances {
    return {
      nowMs: this.scheduler.nowMs,
      answers: this.answers,
      lists: this.file.versions,
      clockSlackMs: this.jumpedMs + this.#driftedMs(),
      fastestRate: this.fastestRate,
      longestLagMs: Math.max(this.replicas.longestLagMs, this.staleReads.longestMs),
      stalestMs: this.staleReads.longestMs,
      planTakesMs: MOST_TRIPS_OF_A_PLAN * this.scenario.latencyMs[1],
      guards: this.scenario.guards,
      mode: this.scenario.mode,
      isWell: (address) => this.hosts.modeNow(address) === 'accept',
    };
  }
}

import type { Incident } from '../scenario/incident.ts';
import type { DeathPlan } from './fate.ts';
import type { Machine } from './machine.ts';
import type { NameContent } from './names.ts';
import type { ProductProcess } from './product-process.ts';
import type { Releases } from './releases.ts';
import type { DeathAt } from './request-fate.ts';
import type { World } from './world.ts';

/** A CronJob, a Deployment, or people who run `release`. */
export interface Workload {
  readonly running: ReadonlySet<ProductProcess>;
  terminate(each: ProductProcess): void;
  /** The effects of the last start and end are over. */
  readonly isSteady: boolean;
  /** Starts no more processes. */
  stop(): void;
}

/** Makes the incidents of a scenario happen, and ends all faults afterwards. */
export class Happenings {
  readonly #world: World;
  readonly #deaths: DeathPlan[] = [];
  readonly #workloads: readonly Workload[];
  readonly #releases: Releases;
  /** The content of names without temporary faults; permanent changes are included. */
  readonly #settled: Map<string, NameContent>;
  /** Undo functions of incidents that do not end by themselves. */
  readonly #pending = new Set<() => void>();

  constructor(world: World, workloads: readonly Workload[], releases: Releases) {
    this.#world = world;
    this.#workloads = workloads;
    this.#releases = releases;
    this.#settled = new Map(world.scenario.names);
    for (const incident of world.scenario.incidents)
      world.scheduler.in(incident.atMs, () => this.#happen(incident));
  }

  /** How the next pass will be killed, if it will. */
  readonly nextDeath = (): DeathPlan | undefined => this.#deaths.shift();

  /** Whether the replica that writes now is killed: the writes of all replicas are counted together. */
  readonly deathNow = (): DeathAt | undefined => {
    const [next] = this.#deaths;
    if (next === undefined) return undefined;
    if (next.write > 1) {
      this.#deaths[0] = { ...next, write: next.write - 1 };
      return undefined;
    }
    this.#deaths.shift();
    return next.when;
  };

  /** Ends all faults. Permanent changes of names, hosts and list stay, except names without a stable state. */
  heal(): void {
    const world = this.#world;
    world.log.tell('world', 'all faults end');
    for (const undo of [...this.#pending]) undo();
    this.#deaths.length = 0;
    this.#releases.stop();
    world.apiFaults = new Map();
    world.dnsReactions.healAll();
    world.file.repair();
    for (const [name, content] of this.#settled) world.names.set(name, settledContent(content));
    for (const incident of world.scenario.incidents) {
      if (incident.do === 'host' && world.hosts.mode(incident.address) === 'flap')
        world.hosts.set(incident.address, 'accept');
    }
  }

  settledNames(): readonly (readonly [string, NameContent])[] {
    return [...this.#settled].map(([name, content]) => [name, settledContent(content)] as const);
  }

  #happen(incident: Incident): void {
    const { disturbance, scheduler } = this.#world;
    const undo = this.#begin(incident);
    if (undo === undefined || incident.forMs === undefined) {
      disturbance.note(incident, scheduler.nowMs);
      return;
    }
    disturbance.begin(incident, scheduler.nowMs);
    const once = () => {
      if (!this.#pending.delete(once)) return;
      undo();
      disturbance.end(incident, scheduler.nowMs);
    };
    this.#pending.add(once);
    this.#world.scheduler.in(incident.forMs, once);
  }

  /** @returns the function that undoes it, if there is one. */
  #begin(incident: Incident): (() => void) | undefined {
    const world = this.#world;
    switch (incident.do) {
      case 'host': {
        const before = world.hosts.mode(incident.address);
        world.hosts.set(incident.address, incident.mode);
        return () => world.hosts.set(incident.address, before);
      }
      case 'name':
        return this.#changeName(incident);
      case 'dns':
        world.log.tell('dns', `${incident.server} ${JSON.stringify(incident.faults)}`);
        world.dnsReactions.setFaults(incident.server, new Map(incident.faults));
        return () => {
          world.log.tell('dns', `${incident.server} well again`);
          world.dnsReactions.setFaults(incident.server, new Map());
        };
      case 'api':
        world.log.tell('api', JSON.stringify(incident.faults));
        world.apiFaults = new Map(incident.faults);
        return () => {
          world.log.tell('api', 'well again');
          world.apiFaults = new Map();
        };
      case 'list':
        world.file.edit(incident.edit);
        return () => world.file.undo(incident.edit);
      case 'object':
        world.people.edit(incident.key, incident.edit);
        return () => world.people.undo(incident.key, incident.edit);
      case 'release':
        this.#releases.start(incident);
        return undefined;
      case 'watchLag':
        world.log.tell('api', `server ${incident.replica} shows everything ${incident.byMs} ms later`);
        world.replicas.setLag(incident.replica, incident.byMs);
        return () => {
          world.log.tell('api', `server ${incident.replica} has caught up`);
          world.replicas.setLag(incident.replica, 0);
        };
      case 'controllersDown':
        world.log.tell('kcm', 'down');
        world.controllers.down = true;
        return () => {
          world.log.tell('kcm', 'up');
          world.controllers.down = false;
        };
      default:
        return this.#disturbWorkers(incident);
    }
  }

  #disturbWorkers(
    incident: Extract<
      Incident,
      { do: 'cut' | 'clock' | 'drift' | 'pause' | 'kill' | 'terminate' | 'watchCut' | 'lease' }
    >,
  ): (() => void) | undefined {
    const world = this.#world;
    switch (incident.do) {
      case 'cut':
      case 'clock':
      case 'drift':
        return this.#disturbMachine(incident, world.machines[incident.machine === 0 ? 0 : 1]);
      case 'pause':
        return this.#pause();
      case 'kill':
        this.#deaths.push({ write: incident.write, when: incident.when });
        return undefined;
      case 'terminate':
        for (const workload of this.#workloads) {
          for (const each of workload.running) {
            world.log.tell(each.process.name, 'SIGTERM');
            world.log.fault('SIGTERM');
            workload.terminate(each);
          }
        }
        return undefined;
      case 'watchCut':
        world.log.tell(
          'api',
          `watches break${incident.compacted ? ', and what was missed is compacted' : ''}`,
        );
        for (const { watches } of this.#workloads.flatMap((workload) => [...workload.running])) {
          for (const watch of watches) watch.cut();
          world.log.fault('watch cut');
        }
        if (incident.compacted) world.cluster.core.store.compact();
        return undefined;
      case 'lease':
        world.people.editLease(incident.edit);
        world.log.fault(`lease ${incident.edit}`);
        return undefined;
    }
  }

  #disturbMachine(
    incident: Extract<Incident, { do: 'cut' | 'clock' | 'drift' }>,
    machine: Machine,
  ): (() => void) | undefined {
    switch (incident.do) {
      case 'cut':
        return this.#cutOff(machine, incident.from);
      case 'clock':
        this.#world.log.tell(machine.name, `wall clock jumps by ${incident.byMs} ms`);
        this.#world.log.fault('clock jump');
        machine.wallOffsetMs += incident.byMs;
        this.#world.jumpedMs += Math.abs(incident.byMs);
        return undefined;
      case 'drift':
        return this.#drift(machine, incident.ppm);
    }
  }

  #cutOff(machine: Machine, from: 'hosts' | 'dns' | 'api'): () => void {
    const { log, scheduler } = this.#world;
    log.tell(machine.name, `cut off from ${from}`);
    log.fault(`cut from ${from}`);
    machine.cutOffFrom.add(from);
    if (from === 'hosts') machine.noConnectivitySinceMs ??= scheduler.nowMs;
    return () => {
      log.tell(machine.name, `reaches ${from} again`);
      machine.cutOffFrom.delete(from);
      if (from === 'hosts') machine.noConnectivitySinceMs = undefined;
    };
  }

  #drift(machine: Machine, ppm: number): () => void {
    const { log, scheduler } = this.#world;
    const rate = 1 + ppm / 1_000_000;
    log.tell(machine.name, `clock drifts by ${ppm} ppm`);
    log.fault('clock drift');
    machine.setRate(rate, scheduler.nowMs);
    this.#world.fastestRate = Math.max(this.#world.fastestRate, rate);
    return () => {
      log.tell(machine.name, 'clock keeps time again');
      machine.setRate(1, scheduler.nowMs);
    };
  }

  #pause(): () => void {
    const running = this.#workloads.flatMap((workload) => [...workload.running]);
    for (const { process } of running) {
      this.#world.log.tell(process.name, 'paused');
      this.#world.log.fault('paused');
      process.pause();
    }
    return () => {
      for (const { process } of running) process.resume();
    };
  }

  #changeName({ name, content, forMs }: Extract<Incident, { do: 'name' }>): () => void {
    const { names, log } = this.#world;
    names.set(name, content);
    log.fault(`name ${content.is}`);
    if (forMs === undefined) this.#settled.set(name, content);
    return () => {
      const settled = this.#settled.get(name);
      if (settled !== undefined) names.set(name, settled);
    };
  }
}

/** A name that rotates or loops has no final state that two runs share. */
function settledContent(content: NameContent): NameContent {
  if (content.is === 'addresses') return { is: 'addresses', addresses: content.addresses };
  return content.is === 'loop' ? { is: 'gone' } : content;
}

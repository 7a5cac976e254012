import type { Incident } from '../scenario/incident.ts';
import { dyingBy } from './fate.ts';
import type { Workload } from './happenings.ts';
import { type ProductProcess, startProcess } from './product-process.ts';
import { runReleaseProgram } from './programs.ts';
import type { World } from './world.ts';

export type ReleaseIncident = Extract<Incident, { do: 'release' }>;

/** A person who runs `release` runs it again when it was killed. */
const TRIED_AGAIN_MS = 5_000;

/** People who run `release` while passes or replicas run. */
export class Releases implements Workload {
  readonly running = new Set<ProductProcess>();
  readonly #world: World;
  #count = 0;
  #stopped = false;

  constructor(world: World) {
    this.#world = world;
  }

  get isSteady(): boolean {
    return this.running.size === 0;
  }

  start(incident: ReleaseIncident): void {
    const { disturbance, scheduler, file, log } = this.#world;
    if (this.#stopped) return;
    if (incident.list === 'lostBefore') file.edit({ to: 'without', key: incident.key });
    const name = `release-${++this.#count}`;
    const machine = this.#world.machines[incident.machine === 0 ? 0 : 1];
    const started = startProcess(this.#world, name, machine, dyingBy(incident.dies));
    const record = this.#world.workers.get(started.process);
    if (record === undefined) throw new Error(`${name} has no record`);
    record.releases = incident.key;
    this.running.add(started);
    this.#world.releasedKeys.add(incident.key);
    disturbance.begin(incident, scheduler.nowMs);
    log.tell(name, `release ${incident.key}${incident.toPods ? ' to Pods' : ''}`);
    log.fault('release');
    const over = () => {
      if (!this.running.delete(started)) return;
      disturbance.end(incident, scheduler.nowMs);
    };
    started.process.onDeath(() => {
      over();
      if (incident.again) scheduler.in(TRIED_AGAIN_MS, () => this.start(withoutDeath(incident)));
    });
    void runReleaseProgram(started, incident).then((exit) => {
      if (!this.running.has(started)) return;
      over();
      log.tell(name, `ends with ${String(exit).split('\n')[0]}`);
      log.fault(`release ended with ${typeof exit === 'string' ? 'an error' : exit}`);
      this.#lookAtEnd(started, exit);
      if (incident.list === 'lostAfter') file.edit({ to: 'without', key: incident.key });
    });
  }

  terminate(each: ProductProcess): void {
    each.terminate();
  }

  /** Starts no more `release`, and interrupts a running one. */
  stop(): void {
    this.#stopped = true;
    for (const { process } of [...this.running]) process.kill();
  }

  #lookAtEnd({ process, bounds }: ProductProcess, exit: number | string): void {
    const { checkers } = this.#world;
    if (typeof exit === 'string' && !exit.startsWith('Error: SIGTERM'))
      checkers.report(4, `${process.name} ended with an exception: ${exit}`);
    const open = bounds.open();
    if (exit === 0 && open.length > 0)
      checkers.report(12, `${process.name} ended and left open: ${open.join(', ')}`);
  }
}

function withoutDeath({ dies: _, ...incident }: ReleaseIncident): ReleaseIncident {
  return incident;
}

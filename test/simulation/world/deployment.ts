import type { Machine } from './machine.ts';
import { type ProductProcess, startProcess } from './product-process.ts';
import { endInShort, type ProgramEnd, runRunProgram } from './programs.ts';
import type { RequestFate } from './request-fate.ts';
import { between, streamOf } from './streams.ts';
import type { World } from './world.ts';

/** Kubernetes kills a process that has not ended so long after SIGTERM. */
const GRACE_MS = 30_000;

const LOOK_EVERY_MS = 500;

/** After this time the lease has expired, and another replica has acquired it, read everything and saved its state. */
const TAKEN_OVER_WITHIN_MS = 40_000;

/** Replicas of `run`: one that dies is started again, as by a Deployment. */
export class Deployment {
  readonly running = new Set<ProductProcess>();
  readonly exits: ProgramEnd[] = [];
  readonly #world: World;
  readonly #death: RequestFate['death'];
  readonly #random;
  #count = 0;
  #stopped = false;
  #lastEndMs = Number.NEGATIVE_INFINITY;

  constructor(world: World, machines: readonly Machine[], death: RequestFate['death']) {
    this.#world = world;
    this.#death = death;
    this.#random = streamOf(world.scenario.seed, 'deployment');
    machines.forEach((machine, at) => {
      world.scheduler.in(between(this.#random, 500, 3_000), () =>
        this.#start(`run-${'abc'[at] ?? at}`, machine),
      );
    });
  }

  /** No replica has ended recently, so that the leader has led for a while. */
  get isSteady(): boolean {
    return this.#world.scheduler.nowMs - this.#lastEndMs > TAKEN_OVER_WITHIN_MS;
  }

  /** Sends SIGTERM to all replicas, and starts none again. */
  stop(): void {
    this.#stopped = true;
    for (const each of this.running) this.terminate(each);
  }

  terminate(each: ProductProcess): void {
    const { scheduler, log } = this.#world;
    each.terminate();
    scheduler.in(GRACE_MS, () => {
      if (!each.process.alive) return;
      log.tell(each.process.name, 'killed: its grace period is over');
      each.process.kill();
    });
  }

  #start(replica: string, machine: Machine): void {
    if (this.#stopped) return;
    const { log, scheduler } = this.#world;
    const name = `${replica}${++this.#count}`;
    const started = startProcess(this.#world, name, machine, this.#death);
    this.running.add(started);
    log.tell(name, 'starts');
    const again = () => {
      this.running.delete(started);
      this.#lastEndMs = scheduler.nowMs;
      scheduler.in(between(this.#random, 500, 5_000), () => this.#start(replica, machine));
    };
    const look = () => {
      if (!this.running.has(started)) return;
      if (started.process.alive) scheduler.in(LOOK_EVERY_MS, look);
      else again();
    };
    look();
    void runRunProgram(started).then((end) => {
      if (!started.process.alive) return;
      started.process.kill();
      this.exits.push(end);
      this.#lookAtEnd(started, end);
    });
  }

  #lookAtEnd({ process, bounds }: ProductProcess, end: ProgramEnd): void {
    const { log, checkers } = this.#world;
    log.tell(process.name, `ends with ${endInShort(end)}`);
    if (typeof end === 'string') checkers.report(4, `${process.name} ended with an exception: ${end}`);
    const open = bounds.open();
    if (end === 0 && open.length > 0)
      checkers.report(12, `${process.name} ended and left open: ${open.join(', ')}`);
  }
}

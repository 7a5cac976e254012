import { type DeathPlan, dyingBy } from './fate.ts';
import type { Machine } from './machine.ts';
import { Preview } from './preview.ts';
import { type ProductProcess, startProcess } from './product-process.ts';
import { endInShort, runSyncProgram } from './programs.ts';
import type { World } from './world.ts';

/** A Job's `activeDeadlineSeconds`: a pass that hangs is killed then. */
const DEADLINE_MS = 180_000;

export interface Rhythm {
  readonly name: string;
  readonly machine: Machine;
  readonly periodMs: number;
  readonly offsetMs: number;
  readonly concurrency: 'Allow' | 'Forbid' | 'Replace';
  /** Whether a person runs `plan` before each pass and compares. */
  readonly previews?: boolean;
}

/** Starts a pass at each period, as a CronJob does. */
export class CronJob {
  readonly running = new Set<ProductProcess>();
  /** The exit codes of passes that were not killed. */
  readonly exits: (number | string)[] = [];
  readonly #world: World;
  readonly #rhythm: Rhythm;
  readonly #nextDeath: () => DeathPlan | undefined;
  #count = 0;
  #stopped = false;

  constructor(world: World, rhythm: Rhythm, nextDeath: () => DeathPlan | undefined) {
    this.#world = world;
    this.#rhythm = rhythm;
    this.#nextDeath = nextDeath;
    world.scheduler.in(rhythm.offsetMs, () => this.#tick());
  }

  /** Each pass counts as a start. */
  get isSteady(): boolean {
    return true;
  }

  /** Starts no more passes; a running one continues. */
  stop(): void {
    this.#stopped = true;
  }

  terminate(each: ProductProcess): void {
    each.terminate();
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#world.scheduler.in(this.#rhythm.periodMs, () => this.#tick());
    const alive = [...this.running].filter(({ process }) => process.alive);
    if (alive.length > 0 && this.#rhythm.concurrency === 'Forbid') return;
    if (this.#rhythm.concurrency === 'Replace') for (const each of alive) each.process.kill();
    const name = `${this.#rhythm.name}-${++this.#count}`;
    if (this.#rhythm.previews) this.#startAfterPreview(name);
    else this.#start(name);
  }

  #startAfterPreview(name: string): void {
    const preview = new Preview(this.#world, name, this.#rhythm.machine);
    this.running.add(preview.started);
    void preview.run().then(() => {
      this.running.delete(preview.started);
      this.#start(name, preview.isCurrent ? preview : undefined);
    });
  }

  #start(name: string, preview?: Preview): void {
    const { log, scheduler } = this.#world;
    const started = startProcess(this.#world, name, this.#rhythm.machine, dyingBy(this.#nextDeath()));
    this.running.add(started);
    this.#world.promptness.onPass(started);
    log.note(`${name} starts`);
    const deadline = scheduler.in(DEADLINE_MS, () => {
      if (started.process.alive) log.tell(name, 'killed: over its deadline');
      started.process.kill();
      this.running.delete(started);
    });
    void runSyncProgram(started).then((exit) => {
      deadline.cancel();
      this.running.delete(started);
      started.process.kill();
      this.exits.push(exit);
      this.#lookAtEnd(name, started, exit);
      if (exit === 0 || exit === 3) preview?.compare(started.paper.out);
    });
  }

  #lookAtEnd(name: string, { bounds, paper, process }: ProductProcess, exit: number | string): void {
    const { log, checkers, workers } = this.#world;
    const complaints = paper.err.trim().split('\n')[0]?.slice(0, 160) ?? '';
    log.tell(name, `ends with ${endInShort(exit)}${complaints === '' ? '' : `: ${complaints}`}`);
    if (typeof exit === 'string' && !exit.startsWith('Error: SIGTERM')) {
      checkers.report(4, `${name} ended with an exception: ${exit}`);
    }
    const open = bounds.open();
    if (exit === 0 && open.length > 0) checkers.report(12, `${name} ended and left open: ${open.join(', ')}`);
    const record = workers.get(process);
    if (exit === 2 && record !== undefined && record.writes > 0)
      checkers.report(9, `${name} wrote and then called the list bad`);
  }
}

import type { SyncReport } from '../../../src/sync/sync-report.ts';
import { previewDifference } from '../checks/preview.ts';
import { countsTime } from '../checks/remembered-answers.ts';
import { dyingBy } from './fate.ts';
import type { Machine } from './machine.ts';
import { type ProductProcess, startProcess } from './product-process.ts';
import { endInShort, runPlanProgram } from './programs.ts';
import type { World } from './world.ts';

const STATE_KEY = 'default/external-endpoints-state-default';

/** Runs `plan` right before a pass, and compares. */
export class Preview {
  readonly started: ProductProcess;
  readonly #world: World;
  readonly #revision: string;
  readonly #isTimeless: boolean;
  #report: SyncReport | undefined;

  constructor(world: World, name: string, machine: Machine) {
    this.#world = world;
    this.#revision = world.cluster.core.store.revision.toString();
    const state = world.cluster.core.store.get('configmaps', STATE_KEY)?.object;
    // A hold or a count may end between the two.
    this.#isTimeless = state === undefined || !countsTime(state);
    this.started = startProcess(world, `${name}-plan`, machine, dyingBy(undefined));
    const record = world.workers.get(this.started.process);
    if (record !== undefined) record.mayWrite = false;
  }

  async run(): Promise<void> {
    const { process, paper } = this.started;
    const exit = await runPlanProgram(this.started);
    process.kill();
    this.#world.log.note(`${process.name} ends with ${endInShort(exit)}`);
    if (exit === 0 || exit === 1 || exit === 3) this.#report = JSON.parse(paper.out) as SyncReport;
  }

  /** Call it before the pass begins: whether the pass will read what the preview read. */
  get isCurrent(): boolean {
    const { cluster, workers } = this.#world;
    // An earlier pass that still runs may write in between.
    const isAlone = [...workers.keys()].every((process) => !process.alive);
    return isAlone && cluster.core.store.revision.toString() === this.#revision;
  }

  compare(output: string): void {
    if (this.#report === undefined || !this.#isTimeless || output === '') return;
    const difference = previewDifference(this.#report, JSON.parse(output) as SyncReport);
    if (difference !== undefined) this.#world.checkers.report(11, difference);
  }
}

import type { Change } from '../../../src/embedded/apiserver/store.ts';
import type { Writer } from '../world/cluster.ts';
import { serviceKeyOf } from '../world/kube-words.ts';
import { type CheckContext, type Report, sentMsBehind, workerBehind } from './check-context.ts';
import { Disputes } from './disputes.ts';
import { LateCommits } from './late-commits.ts';
import { Losses } from './losses.ts';
import { Ownership } from './ownership.ts';
import { NO_TRAFFIC, type Traffic, trafficOf } from './traffic.ts';
import type { Violation } from './violation.ts';
import { Writes } from './writes.ts';

/** Checks every change of the cluster when it happens, and collects the breaches of invariants. */
export class Checkers {
  readonly violations: Violation[] = [];
  readonly ownership = new Ownership();
  readonly #lateCommits = new LateCommits();
  readonly #writes: Writes;
  readonly #losses: Losses;
  readonly #disputes: Disputes;
  readonly #context: CheckContext;
  readonly #traffic = new Map<string, Traffic>();

  constructor(context: CheckContext) {
    this.#context = context;
    const report: Report = (invariant, message) => this.report(invariant, message);
    this.#writes = new Writes(context, report);
    this.#losses = new Losses(context, report);
    this.#disputes = new Disputes(context, report, this.ownership, this.#lateCommits);
    context.cluster.onChange((change, writer) => this.#look(change, writer));
  }

  /** Adds a breach that another checker found. */
  report(invariant: number, message: string): void {
    const atMs = this.#context.circumstances().nowMs;
    this.violations.push({ invariant, atMs, message });
  }

  #look(change: Change, writer: Writer): void {
    const { store } = this.#context.cluster.core;
    const { nowMs } = this.#context.circumstances();
    const worker = workerBehind(writer, this.#context);
    if (writer.kind === 'worker') {
      if (worker === undefined) throw new Error('a worker wrote that nobody knows');
      this.#writes.look(change, worker);
    }
    const key = serviceKeyOf(change);
    const serviceStands = key !== undefined && store.get('services', key) !== undefined;
    const breach = this.ownership.follow(
      change,
      writer,
      worker,
      serviceStands,
      Math.min(nowMs, sentMsBehind(writer)),
    );
    if (breach !== undefined) this.report(1, breach);
    const late = this.#lateCommits.follow(change, writer, worker, nowMs);
    if (late !== undefined) this.report(7, late);
    if (key === undefined) return;
    this.#writes.follow(change);
    const before = this.#traffic.get(key) ?? NO_TRAFFIC;
    const after = trafficOf(store, key);
    this.#traffic.set(key, after);
    const step = { change, key, writer, worker, before, after };
    this.#losses.look(step);
    this.#disputes.look(step);
  }
}

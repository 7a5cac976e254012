import type { Change } from '../../../src/embedded/apiserver/store.ts';
import type { Writer } from '../world/cluster.ts';
import { serviceKeyOf } from '../world/kube-words.ts';
import { type Bench, type Report, sentMsBehind, workerBehind } from './bench.ts';
import { Disputes } from './disputes.ts';
import { LateCommits } from './late-commits.ts';
import { Losses } from './losses.ts';
import { Ownership } from './ownership.ts';
import { NO_TRAFFIC, type Traffic, trafficOf } from './traffic.ts';
import type { Violation } from './violation.ts';
import { Writes } from './writes.ts';

/** Watches every change of the cluster, at the moment it happens, for breaches of what must never happen. */
export class Judge {
  readonly violations: Violation[] = [];
  readonly ownership = new Ownership();
  readonly #lateCommits = new LateCommits();
  readonly #writes: Writes;
  readonly #losses: Losses;
  readonly #disputes: Disputes;
  readonly #bench: Bench;
  readonly #traffic = new Map<string, Traffic>();

  constructor(bench: Bench) {
    this.#bench = bench;
    const report: Report = (invariant, message) => this.report(invariant, message);
    this.#writes = new Writes(bench, report);
    this.#losses = new Losses(bench, report);
    this.#disputes = new Disputes(bench, report, this.ownership, this.#lateCommits);
    bench.cluster.onChange((change, writer) => this.#look(change, writer));
  }

  /** A breach that somebody else found. */
  report(invariant: number, message: string): void {
    const atMs = this.#bench.circumstances().nowMs;
    this.violations.push({ invariant, atMs, message });
  }

  #look(change: Change, writer: Writer): void {
    const { store } = this.#bench.cluster.core;
    const { nowMs } = this.#bench.circumstances();
    const worker = workerBehind(writer, this.#bench);
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

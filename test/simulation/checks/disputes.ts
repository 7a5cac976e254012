import type { Writer } from '../world/cluster.ts';
import { serviceKeyOfSlice } from '../world/kube-words.ts';
import { type Bench, type Report, type Step, sentMsBehind } from './bench.ts';
import type { LateCommits } from './late-commits.ts';
import type { Ownership } from './ownership.ts';

const CLIENT_PATIENCE_MS = 30_000;

/** Two slices that tell different things of an address and port: invariant 8. */
export class Disputes {
  readonly #bench: Bench;
  readonly #report: Report;
  readonly #ownership: Ownership;
  readonly #lateCommits: LateCommits;

  constructor(bench: Bench, report: Report, ownership: Ownership, lateCommits: LateCommits) {
    this.#bench = bench;
    this.#report = report;
    this.#ownership = ownership;
    this.#lateCommits = lateCommits;
  }

  look({ key, worker, writer, before, after }: Step): void {
    if (worker === undefined || this.#isLongGivenUp(writer)) return;
    // The mirroring controller moves addresses between slices of its own one write at a time.
    if (writer.kind === 'controller' && !this.#hasOurSlices(key)) return;
    if (this.#lateCommits.mayHaveTwoLeaders(this.#bench.circumstances().nowMs)) return;
    for (const place of after.disputed) {
      if (!before.disputed.has(place)) this.#report(8, `slices of ${key} disagree about ${place}`);
    }
  }

  /** Nothing can fence a creation that arrives when its client has long given it up; the next look removes it. */
  #isLongGivenUp(writer: Writer): boolean {
    return this.#bench.circumstances().nowMs - sentMsBehind(writer) > CLIENT_PATIENCE_MS;
  }

  #hasOurSlices(key: string): boolean {
    const [namespace = ''] = key.split('/');
    return this.#bench.cluster.core.store
      .list('endpointslices', `${namespace}/`)
      .some(({ object }) => serviceKeyOfSlice(object) === key && this.#ownership.isOurs(object));
  }
}

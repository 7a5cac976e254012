import type { Writer } from '../world/cluster.ts';
import { serviceKeyOfSlice } from '../world/kube-words.ts';
import { type CheckContext, type Report, type Step, sentMsBehind } from './check-context.ts';
import type { LateCommits } from './late-commits.ts';
import type { Ownership } from './ownership.ts';

const CLIENT_TIMEOUT_MS = 30_000;

/** A request under way and what a controller makes of it. */
const EDITED_WITHIN_MS = 2_000;

/** Two slices that tell different things of an address and port: invariant 8. */
export class Disputes {
  readonly #context: CheckContext;
  readonly #report: Report;
  readonly #ownership: Ownership;
  readonly #lateCommits: LateCommits;
  /** When people last changed anything of a Service. */
  readonly #editedMs = new Map<string, number>();

  constructor(context: CheckContext, report: Report, ownership: Ownership, lateCommits: LateCommits) {
    this.#context = context;
    this.#report = report;
    this.#ownership = ownership;
    this.#lateCommits = lateCommits;
  }

  look({ key, worker, writer, before, after }: Step): void {
    const { nowMs } = this.#context.circumstances();
    if (writer.kind === 'people') this.#editedMs.set(key, nowMs);
    if (worker === undefined || this.#isLongGivenUp(writer)) return;
    // The mirroring controller moves addresses between slices of its own one write at a time.
    if (writer.kind === 'controller' && (!this.#hasOurSlices(key) || this.#isJustEdited(key, nowMs))) return;
    if (this.#lateCommits.mayHaveTwoLeaders(nowMs)) return;
    for (const place of after.disputed) {
      if (!before.disputed.has(place)) this.#report(8, `slices of ${key} disagree about ${place}`);
    }
  }

  /** Somebody changed a slice of ours by hand after it was decided that its copy may be made. */
  #isJustEdited(key: string, nowMs: number): boolean {
    return nowMs - (this.#editedMs.get(key) ?? Number.NEGATIVE_INFINITY) < EDITED_WITHIN_MS;
  }

  /** Nothing can fence a creation that arrives when its client has long given it up; the next look removes it. */
  #isLongGivenUp(writer: Writer): boolean {
    return this.#context.circumstances().nowMs - sentMsBehind(writer) > CLIENT_TIMEOUT_MS;
  }

  #hasOurSlices(key: string): boolean {
    const [namespace = ''] = key.split('/');
    return this.#context.cluster.core.store
      .list('endpointslices', `${namespace}/`)
      .some(({ object }) => serviceKeyOfSlice(object) === key && this.#ownership.isOurs(object));
  }
}

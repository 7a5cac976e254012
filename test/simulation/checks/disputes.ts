import type { Writer } from '../world/cluster.ts';
import { serviceKeyOfSlice } from '../world/kube-words.ts';
import { type CheckContext, type Report, type Step, sentMsBehind } from './check-context.ts';
import type { LateCommits } from './late-commits.ts';
import type { Ownership } from './ownership.ts';

const CLIENT_TIMEOUT_MS = 30_000;

/** How long a request is under way, and how long a controller takes to follow it. */
const EDITED_WITHIN_MS = 2_000;

/** Two slices that disagree about the readiness of an address and port: invariant 8. */
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

  /** A person changed a slice of ours after the decision to let the mirroring controller copy it. */
  #isJustEdited(key: string, nowMs: number): boolean {
    return nowMs - (this.#editedMs.get(key) ?? Number.NEGATIVE_INFINITY) < EDITED_WITHIN_MS;
  }

  /** A create request that arrives after its client timed out cannot be fenced; the next decision deletes the slice. */
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

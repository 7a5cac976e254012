import type { Change } from '../../../src/embedded/apiserver/store.ts';
import type { Writer } from '../world/cluster.ts';
import type { SimProcess } from '../world/sim-process.ts';
import type { WorkerRecord } from '../world/worker-record.ts';

/** The renew deadline. */
export const LOOKS_AGAIN_WITHIN_MS = 10_000;

/** Objects that a process writes without being the leader. */
const OF_NO_LEADER = new Set(['leases', 'events']);

/** Records which leader wrote each object last and when, and reports a deposed leader that overwrites it. */
export class LateCommits {
  readonly #lastWrites = new Map<string, { readonly by: SimProcess; readonly atMs: number }>();
  #holder: { readonly identity: string; readonly sinceMs: number } | undefined;
  #tamperedMs = Number.NEGATIVE_INFINITY;

  /** A person has just removed the lease from the replica that held it. */
  mayHaveTwoLeaders(nowMs: number): boolean {
    return nowMs - this.#tamperedMs < LOOKS_AGAIN_WITHIN_MS;
  }

  /** The breach of invariant 7 that the change is, if it is one. */
  follow(
    { resource, stored, before }: Change,
    writer: Writer,
    worker: WorkerRecord | undefined,
    nowMs: number,
  ): string | undefined {
    if (resource === 'leases') {
      this.#followLease(stored.object.spec, nowMs);
      if (writer.kind === 'people') this.#tamperedMs = nowMs;
    }
    if (writer.kind !== 'worker' || OF_NO_LEADER.has(resource)) return undefined;
    const { uid, namespace, name } = stored.object.metadata;
    const last = this.#lastWrites.get(uid);
    this.#lastWrites.set(uid, { by: writer.process, atMs: nowMs });
    // `release` runs without leader election.
    if (worker?.releases !== undefined) return undefined;
    if (before === undefined || last === undefined || this.#holder === undefined) return undefined;
    // A person who edits the lease makes two leaders, until the first of them reads it again.
    if (this.mayHaveTwoLeaders(nowMs)) return undefined;
    const { identity, sinceMs } = this.#holder;
    const isDecidedByLeader = last.by.name === identity && last.atMs >= sinceMs;
    if (!isDecidedByLeader || writer.process.name === identity) return undefined;
    return `${writer.process.name} changed ${resource} ${namespace}/${name} after ${identity} had taken over and written it`;
  }

  #followLease(spec: unknown, nowMs: number): void {
    const { holderIdentity: identity = '' } = (spec ?? {}) as { holderIdentity?: string };
    if (identity !== this.#holder?.identity) this.#holder = { identity, sinceMs: nowMs };
  }
}

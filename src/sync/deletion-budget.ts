import type { DecideInput } from '../decide/decide.ts';
import { isOursInPart } from '../decide/owned-objects.ts';
import { type ExistingObjects, NOTHING_EXISTS } from '../plan/existing-objects.ts';
import type { ObjectPlan } from '../plan/object-plan.ts';
import { deletionPolicyOf, type RemovalInput } from '../plan/plan-removal.ts';
import type { TargetRecord } from './target-record.ts';
import type { TargetRegistry } from './target-registry.ts';

/** Deletions within this time count as one, as drains do: a list that loses a little with each edit is damaged too. */
const RECENT_MS = 600_000;

/** Counts what the list no longer has, in however many decisions it is deleted: `maxDeletes` bounds all of it. */
export class DeletionBudget {
  readonly #registry: TargetRegistry;
  readonly #instance: string;
  /** By target key, when it was deleted, on the monotonic clock. */
  readonly #deletedAtMs = new Map<string, number>();
  /** By target key, whether it was ours before the list in force changed anything. */
  readonly #wasOurs = new Map<string, boolean>();

  constructor(registry: TargetRegistry, instance: string) {
    this.#registry = registry;
    this.#instance = instance;
  }

  /** Another list is in force from now on. */
  noteList(): void {
    this.#wasOurs.clear();
  }

  /**
   * These records are about to be decided, and so perhaps written. What a list publishes itself does not count for
   * its deletions: otherwise a list that names nothing of what was published could delete the last Service.
   */
  noteDeciding(records: readonly TargetRecord[]): void {
    for (const record of records)
      if (!this.#wasOurs.has(record.key)) this.#wasOurs.set(record.key, this.#isOurs(record));
  }

  noteDecided(removals: readonly ObjectPlan[], nowMs: number): void {
    for (const { namespace, name, phase } of removals) {
      if (phase === 'Deleted') this.#deletedAtMs.set(this.#registry.recordFor(namespace, name).key, nowMs);
    }
  }

  /**
   * The records that left the list: removals of those that are ours; the others are removed from the registry. Records
   * that left the list and are decided another time count by their last known objects.
   */
  among(
    toPrune: readonly TargetRecord[],
    nowMs: number,
  ): Pick<DecideInput, 'removals' | 'ownedServices' | 'removedBesides'> {
    if (toPrune.length === 0) return { removals: [], ownedServices: 0, removedBesides: 0 };
    const removals: RemovalInput[] = [];
    for (const record of toPrune) {
      if (record.release !== undefined || this.#isOurs(record)) removals.push(this.#removalOf(record));
      else this.#registry.records.delete(record.key);
    }
    const owned = [...this.#registry.records.values()].filter(
      (record) => this.#wasOurs.get(record.key) ?? this.#isOurs(record),
    );
    const going = owned.filter(
      (record) => record.target === undefined && deletionPolicyOf(this.#removalOf(record)) === 'Delete',
    );
    const taken = new Set(toPrune.map(({ key }) => key));
    const deleted = this.#recentlyDeleted(nowMs);
    const besides = new Set([...going.map(({ key }) => key), ...deleted]);
    return {
      removals,
      ownedServices: new Set([...owned.map(({ key }) => key), ...deleted]).size,
      removedBesides: [...besides].filter((key) => !taken.has(key)).length,
    };
  }

  /** Without those that a list has again. */
  #recentlyDeleted(nowMs: number): readonly string[] {
    for (const [key, atMs] of this.#deletedAtMs) {
      const isListed = this.#registry.records.get(key)?.target !== undefined;
      if (atMs <= nowMs - RECENT_MS || isListed) this.#deletedAtMs.delete(key);
    }
    return [...this.#deletedAtMs.keys()];
  }

  #isOurs(record: TargetRecord): boolean {
    return isOursInPart(knownOf(record), this.#instance);
  }

  #removalOf(record: TargetRecord): RemovalInput {
    const { namespace, name, release } = record;
    const removal = { namespace, name, existing: knownOf(record), instance: this.#instance };
    return release === undefined ? removal : { ...removal, release };
  }
}

/** What exists, or what did when that was last known. */
function knownOf({ existing, lastKnown }: TargetRecord): ExistingObjects {
  return existing ?? lastKnown ?? NOTHING_EXISTS;
}

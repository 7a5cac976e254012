import type { DecideInput } from '../decide/decide.ts';
import { isOursInPart } from '../decide/owned-objects.ts';
import { type ExistingObjects, NOTHING_EXISTS } from '../plan/existing-objects.ts';
import type { ObjectPlan } from '../plan/object-plan.ts';
import { deletionPolicyOf, type RemovalInput } from '../plan/plan-removal.ts';
import type { TargetEntry } from './target-record.ts';
import type { TargetBook } from './target-registry.ts';

/** What one list lets go, counted together however it comes up for decision: `maxDeletes` bounds all of it. */
export class Departures {
  readonly #book: TargetBook;
  readonly #instance: string;
  /** What the list in force has let go, by key: it counts for as long as that list does. */
  readonly #letGo = new Set<string>();

  constructor(book: TargetBook, instance: string) {
    this.#book = book;
    this.#instance = instance;
  }

  /** Another list is in force from now on. */
  startList(): void {
    this.#letGo.clear();
  }

  noteDecided(removals: readonly ObjectPlan[]): void {
    for (const { namespace, name, phase } of removals) {
      if (phase === 'Deleted') this.#letGo.add(this.#book.entryFor(namespace, name).key);
    }
  }

  /**
   * What has left the list: to be taken away if it is ours, to be forgotten if it is not. The others that have left it
   * count by what was known of them last, for they may come up for decision at another time.
   */
  among(leaving: readonly TargetEntry[]): Pick<DecideInput, 'removals' | 'ownedServices' | 'removedBesides'> {
    if (leaving.length === 0) return { removals: [], ownedServices: 0, removedBesides: 0 };
    for (const entry of leaving) {
      entry.existingBefore = entry.existing;
      if (!this.#isOurs(entry)) this.#book.entries.delete(entry.key);
    }
    const removals = leaving.filter((entry) => this.#isOurs(entry)).map((entry) => this.#removalOf(entry));
    const owned = [...this.#book.entries.values()].filter((entry) => this.#isOurs(entry));
    const going = owned.filter(
      (entry) => entry.target === undefined && deletionPolicyOf(this.#removalOf(entry)) === 'Delete',
    );
    const taken = new Set(leaving.map(({ key }) => key));
    const besides = new Set([...going.map(({ key }) => key), ...this.#letGo]);
    return {
      removals,
      ownedServices: new Set([...owned.map(({ key }) => key), ...this.#letGo]).size,
      removedBesides: [...besides].filter((key) => !taken.has(key)).length,
    };
  }

  #isOurs(entry: TargetEntry): boolean {
    return isOursInPart(knownOf(entry), this.#instance);
  }

  #removalOf(entry: TargetEntry): RemovalInput {
    const { namespace, name } = entry;
    return { namespace, name, existing: knownOf(entry), instance: this.#instance };
  }
}

/** What exists, or what did when that was last known. */
function knownOf({ existing, existingBefore }: TargetEntry): ExistingObjects {
  return existing ?? existingBefore ?? NOTHING_EXISTS;
}

import { type DeclaredList, listIdsOf } from '../config/target-list.ts';
import type { DecideInput } from '../decide/decide.ts';
import {
  type ExistingObjects,
  isOursInPart,
  NOTHING_EXISTS,
  publishingList,
} from '../plan/existing-objects.ts';
import type { ObjectPlan } from '../plan/object-plan.ts';
import { deletionPolicyOf, type RemovalInput } from '../plan/plan-removal.ts';
import type { ListTally } from '../plan/prune-guard.ts';
import type { ListId } from '../state/sync-state.ts';
import type { TargetRecord } from './target-record.ts';
import type { TargetRegistry } from './target-registry.ts';

/** Deletions within this time count as one, as drains do: a list that loses a little with each edit is damaged too. */
const RECENT_MS = 600_000;

interface DeletedService {
  readonly list: string;
  /** On the monotonic clock. */
  readonly atMs: number;
}

/** Who published a Service; undefined: nobody of this instance, or a list without a name. */
type Publisher = string | undefined;

interface LedgerSettings {
  readonly instance: string;
  /** `--prune-list`. */
  readonly pruneLists: readonly string[];
}

/** Knows what each list has published, what it still names and what it has deleted lately. */
export class ListLedger {
  readonly #registry: TargetRegistry;
  readonly #settings: LedgerSettings;
  /** By target key. */
  readonly #deleted = new Map<string, DeletedService>();
  /** By target key, who had published it before the lists in force changed anything. */
  readonly #publishers = new Map<string, Publisher>();
  #given: ReadonlySet<string> = new Set();
  #ids: readonly ListId[] = [];
  #unnamedId: ListId | undefined;

  constructor(registry: TargetRegistry, settings: LedgerSettings) {
    this.#registry = registry;
    this.#settings = settings;
  }

  /** These lists are in force from now on. */
  setLists(lists: readonly DeclaredList[]): void {
    this.#given = new Set(lists.flatMap(({ name }) => name ?? []));
    this.#ids = listIdsOf(lists);
    this.#unnamedId = this.#ids.find((id) => !this.#given.has(id));
    this.#publishers.clear();
  }

  /** The lists in force, as the saved state names them; those without a name count as one. */
  get ids(): readonly ListId[] {
    return this.#ids;
  }

  idOf(list: string | undefined): ListId {
    return list ?? this.#unnamedId ?? '';
  }

  /** The names of the lists in force. */
  get given(): ReadonlySet<string> {
    return this.#given;
  }

  /** Deletions of an earlier process. */
  recall(list: ListId, deletedAtMs: ReadonlyMap<string, number>): void {
    for (const [key, atMs] of deletedAtMs)
      if (!this.#deleted.has(key)) this.#deleted.set(key, { list, atMs });
  }

  /** What the next process should know, by target key. */
  recentlyDeleted(nowMs: number): ReadonlyMap<string, DeletedService> {
    for (const [key, { atMs }] of this.#deleted) {
      // A list has it again.
      const isListed = this.#registry.records.get(key)?.target !== undefined;
      if (atMs <= nowMs - RECENT_MS || isListed) this.#deleted.delete(key);
    }
    return this.#deleted;
  }

  /**
   * These records are about to be decided, and so perhaps written. What a list publishes itself does not count for
   * its deletions: otherwise a list that names nothing of what was published could delete the last Service.
   */
  noteDeciding(records: readonly TargetRecord[]): void {
    for (const record of records)
      if (!this.#publishers.has(record.key)) this.#publishers.set(record.key, this.#publisherNow(record));
  }

  noteDecided(removals: readonly ObjectPlan[], nowMs: number): void {
    for (const { namespace, name, phase } of removals) {
      if (phase !== 'Deleted') continue;
      const record = this.#registry.recordFor(namespace, name);
      const list = this.#publisherOf(record);
      if (list !== undefined) this.#deleted.set(record.key, { list, atMs: nowMs });
    }
  }

  /**
   * The records that no list names: removals of those that are ours; the others are removed from the registry. Records
   * that left a list and are decided another time count by their last known objects.
   */
  among(toPrune: readonly TargetRecord[], nowMs: number): Pick<DecideInput, 'removals' | 'tallies'> {
    const removals: RemovalInput[] = [];
    for (const record of toPrune) {
      if (record.release !== undefined || this.#isOurs(record)) removals.push(this.#removalOf(record));
      else this.#registry.records.delete(record.key);
    }
    return { removals, tallies: toPrune.length === 0 ? NO_TALLIES : this.#tallies(toPrune, nowMs) };
  }

  #tallies(toPrune: readonly TargetRecord[], nowMs: number): ReadonlyMap<string, ListTally> {
    const taken = new Set(toPrune.map(({ key }) => key));
    const { pruneLists } = this.#settings;
    const sums = new Map<string, { published: Set<string>; staying: number; going: Set<string> }>();
    for (const name of [...this.#given, ...pruneLists])
      sums.set(name, { published: new Set(), staying: 0, going: new Set() });
    for (const record of this.#registry.records.values()) {
      const list = this.#publisherOf(record);
      const sum = list === undefined ? undefined : sums.get(list);
      if (sum === undefined) continue;
      sum.published.add(record.key);
      if (record.target !== undefined) sum.staying += 1;
      else if (deletionPolicyOf(this.#removalOf(record)) === 'Delete') sum.going.add(record.key);
    }
    for (const [key, { list }] of this.recentlyDeleted(nowMs)) {
      sums.get(list)?.published.add(key);
      sums.get(list)?.going.add(key);
    }
    return new Map(
      [...sums].map(([name, { published, staying, going }]) => {
        const goingBesides = [...going].filter((key) => !taken.has(key)).length;
        const tally = { published: published.size, staying, goingBesides };
        return [name, { ...tally, isPruned: pruneLists.includes(name) }];
      }),
    );
  }

  #publisherOf(record: TargetRecord): Publisher {
    return this.#publishers.has(record.key) ? this.#publishers.get(record.key) : this.#publisherNow(record);
  }

  #publisherNow(record: TargetRecord): Publisher {
    return publishingList(knownOf(record), this.#settings.instance);
  }

  #isOurs(record: TargetRecord): boolean {
    return isOursInPart(knownOf(record), this.#settings.instance);
  }

  #removalOf(record: TargetRecord): RemovalInput {
    const { namespace, name, release } = record;
    const removal = { namespace, name, existing: knownOf(record), instance: this.#settings.instance };
    return release === undefined ? removal : { ...removal, release };
  }
}

const NO_TALLIES: ReadonlyMap<string, ListTally> = new Map();

/** What exists, or what did when that was last known. */
function knownOf({ existing, lastKnown }: TargetRecord): ExistingObjects {
  return existing ?? lastKnown ?? NOTHING_EXISTS;
}

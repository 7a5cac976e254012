import { type WatchedName, type WatchKey, watchKey } from '../dns/name-watcher.ts';
import { sourceKey } from '../endpoint/candidate.ts';
import type { NameMemory } from '../endpoint/name-memory.ts';
import { saysTheSame } from '../list/list-changes.ts';
import type { Target } from '../model/target.ts';
import { keyOf } from '../model/target.ts';
import { TargetRecord } from './target-record.ts';

/** All records of a controller, and which of them use which name. */
export class TargetRegistry {
  readonly records = new Map<string, TargetRecord>();
  readonly #byName = new Map<WatchKey, NameUse[]>();
  #recalled: ReadonlyMap<string, NameMemory> = new Map();

  /**
   * Takes a list in. Returns the records that are new, changed or gone from the list; the others are untouched.
   *
   * @param graceUntilMs until when those wait for first answers and verdicts.
   */
  replaceTargets(targets: readonly Target[], graceUntilMs: number): TargetRecord[] {
    const declared = new Map(targets.map((target) => [keyOf(target), target]));
    const changed: TargetRecord[] = [];
    for (const target of declared.values()) {
      const record = this.recordFor(target.namespace, target.name);
      if (record.target !== undefined && saysTheSame(record.target, target)) {
        record.restate(target);
        continue;
      }
      record.declare(target, graceUntilMs);
      changed.push(record);
    }
    for (const record of this.records.values()) {
      if (record.target === undefined || declared.has(record.key)) continue;
      record.declare(undefined, graceUntilMs);
      changed.push(record);
    }
    this.#indexNames();
    return changed;
  }

  recordFor(namespace: string, name: string): TargetRecord {
    const key = `${namespace}/${name}`;
    const known = this.records.get(key);
    if (known !== undefined) return known;
    const record = new TargetRecord(namespace, name);
    record.recall(this.#recalled.get(key));
    this.records.set(key, record);
    return record;
  }

  /** What an earlier process has saved: by target key, what its names stood for. */
  recall(memories: ReadonlyMap<string, NameMemory>): void {
    this.#recalled = memories;
    for (const record of this.records.values()) record.recall(memories.get(record.key));
  }

  /** How many names there are. */
  get nameCount(): number {
    return this.#byName.size;
  }

  /** Every name that some target asks for, each once. */
  names(): WatchedName[] {
    return [...this.#byName.values()].flatMap(([use]) => (use === undefined ? [] : [use.watched]));
  }

  usersOf(key: WatchKey): readonly NameUse[] {
    return this.#byName.get(key) ?? [];
  }

  #indexNames() {
    this.#byName.clear();
    for (const record of this.records.values()) {
      for (const source of record.target?.endpoints ?? []) {
        if (source.kind === 'address' || record.target === undefined) continue;
        const watched = { source, settings: record.target.dns };
        const key = watchKey(watched);
        const uses = this.#byName.get(key) ?? [];
        if (!uses.some((use) => use.record === record))
          uses.push({ record, source: sourceKey(source), watched });
        this.#byName.set(key, uses);
      }
    }
  }
}

/** One target's interest in one name. */
export interface NameUse {
  readonly record: TargetRecord;
  /** The source's key within the target. */
  readonly source: string;
  readonly watched: WatchedName;
}

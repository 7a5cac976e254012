import { type WatchedName, type WatchKey, watchKey } from '../dns/name-watcher.ts';
import { sourceKey } from '../endpoint/candidate.ts';
import { saysTheSame } from '../list/list-changes.ts';
import type { Target } from '../model/target.ts';
import { keyOf } from '../model/target.ts';
import { newRecord, type TargetRecord } from './target-record.ts';

/** All entries of a worker, and which of them wait for which name. */
export class TargetRegistry {
  readonly records = new Map<string, TargetRecord>();
  readonly #byName = new Map<WatchKey, NameUse[]>();

  /** Takes a list in. Returns the entries that are new, changed or gone from the list; the others are untouched. */
  replaceTargets(targets: readonly Target[]): TargetRecord[] {
    const declared = new Map(targets.map((target) => [keyOf(target), target]));
    const changed: TargetRecord[] = [];
    for (const [key, target] of declared) {
      const record = this.recordFor(target.namespace, target.name);
      if (record.target !== undefined && saysTheSame(record.target, target)) {
        // Only its place in the text may be another.
        record.target = target;
        continue;
      }
      record.target = target;
      forgetUnaskedNames(record);
      changed.push(this.records.get(key) ?? record);
    }
    for (const record of this.records.values()) {
      if (record.target === undefined || declared.has(record.key)) continue;
      record.target = undefined;
      changed.push(record);
    }
    this.#indexNames();
    return changed;
  }

  recordFor(namespace: string, name: string): TargetRecord {
    const key = `${namespace}/${name}`;
    const known = this.records.get(key);
    if (known !== undefined) return known;
    const record = newRecord(namespace, name);
    this.records.set(key, record);
    return record;
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

/** Answers to names that the target no longer has must not count as answers when it gets them back. */
function forgetUnaskedNames(record: TargetRecord) {
  const asked = new Set(record.target?.endpoints.map(sourceKey));
  for (const source of record.answers.keys()) if (!asked.has(source)) record.answers.delete(source);
}

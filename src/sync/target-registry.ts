import { type WatchedName, type WatchKey, watchKey } from '../dns/name-watcher.ts';
import { sourceKey } from '../endpoint/candidate.ts';
import { saysTheSame } from '../list/list-changes.ts';
import type { Target } from '../model/target.ts';
import { keyOf } from '../model/target.ts';
import { newEntry, type TargetEntry } from './target-record.ts';

/** All entries of a worker, and which of them wait for which name. */
export class TargetBook {
  readonly entries = new Map<string, TargetEntry>();
  readonly #byName = new Map<WatchKey, NameUse[]>();

  /** Takes a list in. Returns the entries that are new, changed or gone from the list; the others are untouched. */
  replaceTargets(targets: readonly Target[]): TargetEntry[] {
    const declared = new Map(targets.map((target) => [keyOf(target), target]));
    const changed: TargetEntry[] = [];
    for (const [key, target] of declared) {
      const entry = this.entryFor(target.namespace, target.name);
      if (entry.target !== undefined && saysTheSame(entry.target, target)) {
        // Only its place in the text may be another.
        entry.target = target;
        continue;
      }
      entry.target = target;
      forgetUnaskedNames(entry);
      changed.push(this.entries.get(key) ?? entry);
    }
    for (const entry of this.entries.values()) {
      if (entry.target === undefined || declared.has(entry.key)) continue;
      entry.target = undefined;
      changed.push(entry);
    }
    this.#indexNames();
    return changed;
  }

  entryFor(namespace: string, name: string): TargetEntry {
    const key = `${namespace}/${name}`;
    const known = this.entries.get(key);
    if (known !== undefined) return known;
    const entry = newEntry(namespace, name);
    this.entries.set(key, entry);
    return entry;
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
    for (const entry of this.entries.values()) {
      for (const source of entry.target?.endpoints ?? []) {
        if (source.kind === 'address' || entry.target === undefined) continue;
        const watched = { source, settings: entry.target.dns };
        const key = watchKey(watched);
        const uses = this.#byName.get(key) ?? [];
        if (!uses.some((use) => use.entry === entry))
          uses.push({ entry, source: sourceKey(source), watched });
        this.#byName.set(key, uses);
      }
    }
  }
}

/** One target's interest in one name. */
export interface NameUse {
  readonly entry: TargetEntry;
  /** The source's key within the target. */
  readonly source: string;
  readonly watched: WatchedName;
}

/** Answers to names that the target no longer has must not count as answers when it gets them back. */
function forgetUnaskedNames(entry: TargetEntry) {
  const asked = new Set(entry.target?.endpoints.map(sourceKey));
  for (const source of entry.answers.keys()) if (!asked.has(source)) entry.answers.delete(source);
}

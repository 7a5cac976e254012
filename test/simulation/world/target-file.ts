import type { SourcePart } from '../../../src/config/source.ts';
import type { ListEdit } from '../scenario/incident.ts';
import {
  keyOfSpec,
  type ListGuards,
  type ListVersion,
  listOf,
  type TargetSpec,
} from '../scenario/target-spec.ts';
import type { EventLog } from './event-log.ts';

const PATH = 'targets.yaml';

/** The same object until the next edit. */
export interface Reading {
  readonly parts: readonly SourcePart[];
  readonly version: ListVersion;
}

/** The file with the target list, and all its versions. */
export class TargetFile {
  readonly versions: ListVersion[] = [];
  readonly #log: EventLog;
  readonly #guards: ListGuards;
  readonly #original: ReadonlyMap<string, TargetSpec>;
  readonly #targets: Map<string, TargetSpec>;
  /** The content instead of the targets, while the file is broken or empty. */
  #mess: ListVersion | 'missing' | undefined;
  #reading: Reading | undefined;
  readonly #listeners: (() => void)[] = [];

  constructor(targets: readonly TargetSpec[], guards: ListGuards, log: EventLog) {
    this.#guards = guards;
    this.#log = log;
    this.#original = new Map(targets.map((target) => [keyOfSpec(target), target]));
    this.#targets = new Map(this.#original);
    this.#write();
  }

  get current(): ListVersion {
    const version = this.versions.at(-1);
    if (version === undefined) throw new Error('a list has a first version');
    return version;
  }

  /** The content that a process reads, and its version for the checkers. */
  read(): Reading {
    this.#reading ??= this.#readingNow();
    return this.#reading;
  }

  /** The listener is called after each edit. */
  onEdit(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** The newest good version with this text, if there is one. */
  versionWith(text: string): ListVersion | undefined {
    return this.versions.findLast((version) => version.text === text && version.targets !== undefined);
  }

  #readingNow(): Reading {
    if (this.#mess === 'missing') {
      const part = { ok: false, source: PATH, reason: 'NotFound', message: 'no such file' } as const;
      return { parts: [part], version: { text: '' } };
    }
    const version = this.#mess ?? this.current;
    return { parts: [{ ok: true, source: PATH, text: version.text }], version };
  }

  edit(edit: ListEdit): void {
    this.#apply(edit);
    this.#report();
  }

  #apply(edit: ListEdit): void {
    this.#log.tell('people', `list: ${JSON.stringify(edit)}`);
    this.#log.fault(`list ${edit.to}`);
    switch (edit.to) {
      case 'broken':
        this.#mess = { text: `${this.current.text.slice(0, -7)}, ]` };
        break;
      case 'empty':
        this.#mess = listOf([], this.#guards);
        break;
      case 'nothing':
        this.#mess = 'missing';
        break;
      case 'without':
        this.#targets.delete(edit.key);
        this.#write();
        break;
      case 'with': {
        const known = this.#targets.get(edit.key);
        if (known === undefined) break;
        this.#targets.set(edit.key, { ...known, ...edit.changes });
        this.#write();
        break;
      }
    }
  }

  undo(edit: ListEdit): void {
    this.#takeBack(edit);
    this.#report();
  }

  #takeBack(edit: ListEdit): void {
    if (!('key' in edit)) {
      this.#mess = undefined;
      this.#log.tell('people', 'list: repaired');
      return;
    }
    const original = this.#original.get(edit.key);
    if (original === undefined) return;
    this.#targets.set(edit.key, original);
    this.#log.tell('people', `list: ${edit.key} as it was`);
    this.#write();
  }

  /** The list without the broken content. */
  repair(): void {
    this.#mess = undefined;
    this.#report();
  }

  #report(): void {
    this.#reading = undefined;
    for (const listener of this.#listeners) listener();
  }

  get targets(): readonly TargetSpec[] {
    return [...this.#targets.values()];
  }

  #write(): void {
    this.versions.push(listOf([...this.#targets.values()], this.#guards));
  }
}

import { type ConfigProblem, problemOfSource } from '../config/problem.ts';
import type { SourceFailure } from '../config/source.ts';
import type { TargetListPart } from '../config/target-list-part.ts';
import { keyOf } from '../model/target.ts';
import type { ReadPart } from './part-reader.ts';

/** With these reasons a part counts as removed, not as broken. */
const GONE: ReadonlySet<SourceFailure> = new Set(['NotFound', 'NoListFiles']);

/** The versions of one part of the list: the newest one, and the active one. */
export class PartHistory {
  readonly source: string;
  /** The text of the newest version, for excerpts; undefined if there is none or it cannot be read. */
  text: string | undefined;
  /** The active version. */
  accepted: TargetListPart | undefined;
  /**
   * The version to activate: the newest one, or the last good one while the newest is broken; undefined if the part
   * is gone.
   */
  wanted: TargetListPart | undefined;
  /** Why the newest version cannot be active. */
  problems: readonly ConfigProblem[] = [];
  /** The newest version is valid and has no targets. */
  isEmpty = false;
  /** The keys of the targets in the newest version, as far as it can be read. */
  declared: readonly string[] = [];
  readonly #allowEmpty: boolean;

  constructor(source: string, allowEmpty: boolean) {
    this.source = source;
    this.#allowEmpty = allowEmpty;
  }

  /** Takes the newest version; undefined if the part is gone. */
  take(read: ReadPart | undefined): void {
    const part = read?.part;
    if (part?.ok === true && part.text === this.text) return;
    this.text = part?.ok === true ? part.text : undefined;
    this.isEmpty = false;
    this.declared = [];
    if (read === undefined) this.#takeAway('it was removed');
    else if (!read.part.ok && GONE.has(read.part.reason)) this.#takeAway(read.part.message);
    else this.#follow(read.says);
  }

  #follow(says: TargetListPart): void {
    this.declared = says.declarations.map(keyOf);
    this.isEmpty = says.problems.length === 0 && says.targets.length === 0;
    if (says.problems.length > 0) this.#keep(says.problems);
    else if (this.isEmpty && this.#activeTargets > 0 && !this.#allowEmpty) {
      this.#keep([this.#stayingProblem('it has no targets any more')]);
    } else {
      this.wanted = says;
      this.problems = [];
    }
  }

  #takeAway(message: string): void {
    if (this.#allowEmpty) {
      this.wanted = undefined;
      this.problems = [];
    } else {
      this.#keep([
        this.#activeTargets > 0 ? this.#stayingProblem(message) : problemOfSource(this.source, message),
      ]);
    }
  }

  #keep(problems: readonly ConfigProblem[]): void {
    this.wanted = this.accepted;
    this.problems = problems;
  }

  get #activeTargets(): number {
    return this.accepted?.targets.length ?? 0;
  }

  #stayingProblem(message: string): ConfigProblem {
    const count = this.#activeTargets;
    const what = count === 1 ? 'its target stays' : `its ${count} targets stay`;
    const hint = 'with --allow-empty this is accepted, and its targets are deleted';
    return problemOfSource(this.source, `${message}; ${what} active`, hint);
  }
}

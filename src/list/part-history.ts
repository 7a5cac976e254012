import { type ConfigProblem, problemOfSource } from '../config/problem.ts';
import type { SourceFailure } from '../config/source.ts';
import type { TargetListPart } from '../config/target-list-part.ts';
import { keyOf } from '../model/target.ts';
import type { ReadPart } from './part-reader.ts';

/** Reasons for which a part counts as taken away rather than as broken. */
const GONE: ReadonlySet<SourceFailure> = new Set(['NotFound', 'NoListFiles']);

/** One part of the list through time: what it says now, and what of it is in force. */
export class PartHistory {
  readonly source: string;
  /** What it says, for excerpts; undefined when it cannot be read or is not there. */
  text: string | undefined;
  /** In force: its newest version that could be. */
  accepted: TargetListPart | undefined;
  /** What is to be in force: its newest version, or the one before where that is broken; undefined when it is gone for good. */
  wanted: TargetListPart | undefined;
  /** Why its newest version cannot be in force. */
  problems: readonly ConfigProblem[] = [];
  /** It is in order and names nothing. */
  isEmpty = false;
  /** Targets that its newest version names, as far as that can be read. */
  declared: readonly string[] = [];
  readonly #allowEmpty: boolean;

  constructor(source: string, allowEmpty: boolean) {
    this.source = source;
    this.#allowEmpty = allowEmpty;
  }

  /** Takes note of how it reads now; undefined: it is no longer there. */
  take(read: ReadPart | undefined): void {
    const part = read?.part;
    if (part?.ok === true && part.text === this.text) return;
    this.text = part?.ok === true ? part.text : undefined;
    this.isEmpty = false;
    this.declared = [];
    if (read === undefined) this.#takeAway('it is gone');
    else if (!read.part.ok && GONE.has(read.part.reason)) this.#takeAway(read.part.message);
    else this.#follow(read.says);
  }

  #follow(says: TargetListPart): void {
    this.declared = says.declarations.map(keyOf);
    this.isEmpty = says.problems.length === 0 && says.targets.length === 0;
    if (says.problems.length > 0) this.#keep(says.problems);
    else if (this.isEmpty && this.#activeTargets > 0 && !this.#allowEmpty) {
      this.#keep([this.#stayingProblem('it names no target any more')]);
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
    const what = count === 1 ? 'the target that it named stays' : `the ${count} targets that it named stay`;
    const hint = 'with --allow-empty this is followed, and what it named is deleted';
    return problemOfSource(this.source, `${message}; ${what} in force`, hint);
  }
}

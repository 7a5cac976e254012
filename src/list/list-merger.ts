import { type ConfigProblem, sortedProblems } from '../config/problem.ts';
import type { TargetList } from '../config/target-list.ts';
import type { TargetListPart } from '../config/target-list-part.ts';
import { acceptWanted } from './list-acceptance.ts';
import { type ListChanges, listChanges } from './list-changes.ts';
import { PartHistory } from './part-history.ts';
import type { ReadPart } from './part-reader.ts';

export interface ListMergerSettings {
  /** Names of the sources, in the order of the command line. */
  readonly sources: readonly string[];
  /** Follow a list, or a part, that names nothing any more; otherwise that counts as broken. */
  readonly allowEmpty: boolean;
  readonly onList: (active: ActiveList) => void;
  /** Each time something was read: what came of it. */
  readonly onReport: (report: ListReport) => void;
}

export interface ActiveList {
  readonly list: TargetList;
  /**
   * Whether every source was once in order as a whole. Until then there may be targets that nobody has read yet:
   * what is not in the list must not be taken for what has left it.
   */
  readonly isComplete: boolean;
}

export interface ListReport {
  readonly result: 'Applied' | 'InvalidTargetList' | 'EmptyTargetList';
  readonly problems: readonly ConfigProblem[];
  /** The problems are other than those of the report before. */
  readonly isNews: boolean;
  /** How many targets are in force; undefined when no list is. */
  readonly targets: number | undefined;
  /** What became of the list that was in force; undefined when that stays. */
  readonly changes: ListChanges | undefined;
  /** The parts from which those changes come. */
  readonly changedParts: readonly string[];
}

type Edit = Pick<ListReport, 'changes' | 'changedParts'>;

const NO_EDIT: Edit = { changes: undefined, changedParts: [] };

interface Source {
  readonly name: string;
  /** In the order in which the source gives its parts; undefined before it gave any. */
  parts: readonly PartHistory[] | undefined;
  /** All its parts were in order at one moment. */
  wasWhole: boolean;
}

/**
 * Makes one list of what several sources say, part by part, and keeps the last good version of each part in force
 * while its newest is broken: a mistake in one team's ConfigMap keeps nobody else's changes from taking effect.
 */
export class ListMerger {
  readonly #settings: ListMergerSettings;
  readonly #sources: readonly Source[];
  #active: ActiveList | undefined;
  #activeParts: readonly TargetListPart[] = [];
  #reported = '';

  constructor(settings: ListMergerSettings) {
    this.#settings = settings;
    this.#sources = [...new Set(settings.sources)].map((name) => ({
      name,
      parts: undefined,
      wasWhole: false,
    }));
  }

  get current(): ActiveList | undefined {
    return this.#active;
  }

  /** A source was read: these are all its parts now. */
  take(sourceName: string, parts: readonly ReadPart[]): void {
    const source = this.#sources.find(({ name }) => name === sourceName);
    if (source === undefined) throw new Error(`no source is called ${sourceName}`);
    this.#update(source, parts);
    // Before every source has been heard there is no saying what the list is.
    if (this.#sources.every((each) => each.parts !== undefined)) this.#finish();
  }

  #update(source: Source, parts: readonly ReadPart[]): void {
    const known = new Map((source.parts ?? []).map((memory) => [memory.source, memory]));
    const present = parts.map((read) => {
      const { source: name } = read.part;
      const memory = known.get(name) ?? new PartHistory(name, this.#settings.allowEmpty);
      known.delete(name);
      memory.take(read);
      return memory;
    });
    for (const memory of known.values()) memory.take(undefined);
    // A part that was never in force is missed by nobody.
    const missed = [...known.values()].filter(({ accepted }) => accepted !== undefined);
    source.parts = [...present, ...missed];
  }

  #finish(): void {
    const memories = this.#sources.flatMap(({ parts }) => parts ?? []);
    const accepted = acceptWanted(memories, this.#active?.list, this.#settings.allowEmpty);
    for (const source of this.#sources) {
      const inOrder = (source.parts ?? []).every(({ problems }) => problems.length === 0);
      if (inOrder && accepted.problems.length === 0) source.wasWhole = true;
    }
    const edit = accepted.list === undefined ? NO_EDIT : this.#activate(accepted.list, memories);
    this.#report(memories, accepted.problems, edit);
  }

  #activate(list: TargetList, memories: readonly PartHistory[]): Edit {
    const parts = memories.flatMap(({ accepted }) => accepted ?? []);
    const isComplete = this.#sources.every(({ wasWhole }) => wasWhole);
    const isSame = sameItems(parts, this.#activeParts) && this.#active?.isComplete === isComplete;
    if (isSame) return NO_EDIT;
    const changes = listChanges(this.#active?.list.targets ?? [], list.targets);
    const before = new Set(this.#activeParts);
    this.#activeParts = parts;
    this.#active = { list, isComplete };
    this.#settings.onList(this.#active);
    const changedParts = parts.filter((part) => !before.has(part)).map(({ source }) => source);
    return { changes, changedParts };
  }

  #report(memories: readonly PartHistory[], contradictions: readonly ConfigProblem[], edit: Edit): void {
    const problems = sortedProblems(
      [...memories.flatMap((memory) => memory.problems), ...contradictions],
      memories.map(({ source }) => source),
    );
    const reporting = JSON.stringify(problems);
    const isNews = reporting !== this.#reported;
    this.#reported = reporting;
    const isEmpty = memories.every((memory) => memory.isEmpty);
    this.#settings.onReport({
      result: problems.length === 0 ? 'Applied' : isEmpty ? 'EmptyTargetList' : 'InvalidTargetList',
      problems,
      isNews,
      targets: this.#active?.list.targets.length,
      ...edit,
    });
  }
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}

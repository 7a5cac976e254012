import { type ConfigProblem, sortedProblems } from '../config/problem.ts';
import type { GivenList } from '../config/source.ts';
import type { TargetList } from '../config/target-list.ts';
import type { TargetListPart } from '../config/target-list-part.ts';
import { acceptWanted } from './list-acceptance.ts';
import { type ListChanges, listChanges } from './list-changes.ts';
import { PartHistory } from './part-history.ts';
import type { ReadPart } from './part-reader.ts';

export interface ListMergerSettings {
  /** The names of the sources, in the order of the command line. */
  readonly sources: readonly string[];
  /** Accept a list or a part without targets. Without this it counts as broken. */
  readonly allowEmpty: boolean;
  /** `--list-name`. */
  readonly listName?: string | undefined;
  readonly onList: (active: ActiveList) => void;
  /** Called after each read of a source, with the result. */
  readonly onReport: (report: ListReport) => void;
}

export interface ActiveList {
  readonly list: TargetList;
  /**
   * Whether every source has been completely valid once. Until then the list may be incomplete: a target that is not
   * in it was not necessarily removed.
   */
  readonly isComplete: boolean;
}

export interface ListReport {
  readonly result: 'Applied' | 'InvalidTargetList' | 'EmptyTargetList';
  readonly problems: readonly ConfigProblem[];
  /** The problems differ from those of the previous report. */
  readonly isNews: boolean;
  /** The number of active targets; undefined without an active list. */
  readonly targets: number | undefined;
  /** The changes of the active list; undefined if there are none. */
  readonly changes: ListChanges | undefined;
  /** The parts that those changes come from. */
  readonly changedParts: readonly string[];
}

type Edit = Pick<ListReport, 'changes' | 'changedParts'>;

const NO_EDIT: Edit = { changes: undefined, changedParts: [] };

interface Source {
  readonly name: string;
  /** In the order of the source; undefined before its first report. */
  parts: readonly PartHistory[] | undefined;
  /** The lists that its parts belong to, those of unreadable parts too. */
  givenLists: readonly GivenList[];
  /** All its parts were valid at one time. */
  wasWhole: boolean;
}

/**
 * Merges the parts of several sources into one list. While the newest version of a part is broken, its last good
 * version stays active. So an error in one team's ConfigMap does not block the changes of others.
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
      givenLists: [],
      wasWhole: false,
    }));
  }

  get current(): ActiveList | undefined {
    return this.#active;
  }

  /** Takes all parts of a source after it was read. */
  take(sourceName: string, parts: readonly ReadPart[]): void {
    const source = this.#sources.find(({ name }) => name === sourceName);
    if (source === undefined) throw new Error(`no source is called ${sourceName}`);
    this.#update(source, parts);
    // The list is unknown until every source has reported.
    if (this.#sources.every((each) => each.parts !== undefined)) this.#finish();
  }

  #update(source: Source, parts: readonly ReadPart[]): void {
    source.givenLists = parts.flatMap(({ part }) => part.list ?? []);
    const known = new Map((source.parts ?? []).map((memory) => [memory.source, memory]));
    const present = parts.map((read) => {
      const { source: name } = read.part;
      const memory = known.get(name) ?? new PartHistory(name, this.#settings.allowEmpty);
      known.delete(name);
      memory.take(read);
      return memory;
    });
    for (const memory of known.values()) memory.take(undefined);
    // A part that was never active can go without a report.
    const missed = [...known.values()].filter(({ accepted }) => accepted !== undefined);
    source.parts = [...present, ...missed];
  }

  #finish(): void {
    const memories = this.#sources.flatMap(({ parts }) => parts ?? []);
    const { allowEmpty, listName } = this.#settings;
    const givenLists = this.#sources.flatMap(({ givenLists }) => givenLists);
    const accepted = acceptWanted(memories, this.#active?.list, { allowEmpty, listName, givenLists });
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

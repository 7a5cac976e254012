import type { ConfigProblem } from '../config/problem.ts';
import { mergeTargetLists, type TargetList } from '../config/target-list.ts';
import type { TargetListPart } from '../config/target-list-part.ts';
import { keyOf } from '../model/target.ts';
import type { PartHistory } from './part-history.ts';

export interface Acceptance {
  /** What the accepted parts are together; undefined when that is no list to follow. */
  readonly list: TargetList | undefined;
  /** Why not everything new could be accepted. */
  readonly problems: readonly ConfigProblem[];
}

/**
 * Puts in force what is wanted: all of it, or, where parts contradict one another, as much as goes together.
 * `active` is the list until now.
 */
export function acceptWanted(
  memories: readonly PartHistory[],
  active: TargetList | undefined,
  allowEmpty: boolean,
): Acceptance {
  const isWhole = memories.every(({ problems }) => problems.length === 0);
  const staying = keysToStay(memories, active);
  const merge = (parts: readonly (TargetListPart | undefined)[]): Acceptance => {
    const result = mergeTargetLists(parts.filter((part) => part !== undefined));
    if (result.ok || (result.reason === 'EmptyTargetList' && allowEmpty && isWhole)) {
      return { list: holdsAll(result.list, staying) ? result.list : undefined, problems: [] };
    }
    return { list: undefined, problems: result.problems };
  };
  const all = merge(memories.map(({ wanted }) => wanted));
  if (all.list === undefined) return { list: acceptSome(memories, merge), problems: all.problems };
  for (const memory of memories) memory.accepted = memory.wanted;
  return all;
}

/** One part after the other, again as long as that gets further: what one gives up another may take. */
function acceptSome(
  memories: readonly PartHistory[],
  merge: (parts: readonly (TargetListPart | undefined)[]) => Acceptance,
): TargetList | undefined {
  let list: TargetList | undefined;
  for (let progress = true; progress; ) {
    progress = false;
    for (const memory of memories) {
      const { accepted: before, wanted } = memory;
      if (before === wanted) continue;
      memory.accepted = wanted;
      const merged = merge(memories.map(({ accepted }) => accepted));
      if (merged.list === undefined) memory.accepted = before;
      else {
        list = merged.list;
        progress = true;
      }
    }
  }
  return list;
}

/**
 * Targets that are in force and that some part still names. One that moves to a part that is broken, or not
 * accepted, must not be deleted on the way.
 */
function keysToStay(memories: readonly PartHistory[], active: TargetList | undefined): string[] {
  const declared = new Set(memories.flatMap((memory) => memory.declared));
  return (active?.targets ?? []).map(keyOf).filter((key) => declared.has(key));
}

function holdsAll(list: TargetList, keys: readonly string[]): boolean {
  const present = new Set(list.targets.map(keyOf));
  return keys.every((key) => present.has(key));
}

import type { ConfigProblem } from '../config/problem.ts';
import { type MergeOptions, mergeTargetLists, type TargetList } from '../config/target-list.ts';
import type { TargetListPart } from '../config/target-list-part.ts';
import { keyOf } from '../model/target.ts';
import type { PartHistory } from './part-history.ts';

export interface Acceptance {
  /** The merged list of the accepted parts; undefined if they make no valid list. */
  readonly list: TargetList | undefined;
  /** Why some new parts could not be accepted. */
  readonly problems: readonly ConfigProblem[];
}

/**
 * Activates the wanted version of every part. If parts contradict each other, activates as many as fit together.
 * `active` is the list until now.
 */
export function acceptWanted(
  memories: readonly PartHistory[],
  active: TargetList | undefined,
  { allowEmpty, ...options }: MergeOptions & { readonly allowEmpty: boolean },
): Acceptance {
  const isWhole = memories.every(({ problems }) => problems.length === 0);
  const staying = keysToStay(memories, active);
  const merge = (parts: readonly (TargetListPart | undefined)[]): Acceptance => {
    const result = mergeTargetLists(
      parts.filter((part) => part !== undefined),
      options,
    );
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

/**
 * Tries one part after the other, and starts again after each success: a target that one part gives up can move to
 * another.
 */
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
 * Targets that are active and that some part still names. A target that moves to a broken or rejected part must not
 * be deleted on the way.
 */
function keysToStay(memories: readonly PartHistory[], active: TargetList | undefined): string[] {
  const declared = new Set(memories.flatMap((memory) => memory.declared));
  return (active?.targets ?? []).map(keyOf).filter((key) => declared.has(key));
}

function holdsAll(list: TargetList, keys: readonly string[]): boolean {
  const present = new Set(list.targets.map(keyOf));
  return keys.every((key) => present.has(key));
}

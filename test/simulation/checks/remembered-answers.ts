import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';

/** The product counts at most so many answers without an address, if its name does not rotate. */
const MOST_COUNTED = 32;

interface SavedName {
  readonly rotation: { readonly score: number };
  readonly addresses: readonly { readonly missedAnswers: number }[];
  readonly departed: readonly unknown[];
}

type SavedNames = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, SavedName>>>>>>;

interface SavedStates {
  readonly lists: Readonly<Record<string, { readonly state: { readonly names: SavedNames } }>>;
}

/** Whether saved state has a hold, a suspicion, a deletion or a count of answers, which change with time. */
export function countsTime(stateConfigMap: ApiObject): boolean {
  const { state = '' } = (stateConfigMap.data ?? {}) as { state?: string };
  return (
    /"(absentSince|notFoundSince|failingSince|suspectSince)":|"deleted":\{"/.test(state) ||
    countsAnswers(stateConfigMap)
  );
}

/**
 * Whether saved state still counts answers. It counts some dozens after an address has left its name, so that its
 * return is recognised as rotation. While it counts, it changes with every answer.
 */
export function countsAnswers(stateConfigMap: ApiObject): boolean {
  const { state = '' } = (stateConfigMap.data ?? {}) as { state?: string };
  // A person has damaged it; the next pass writes it again.
  if (!state.startsWith('=')) return false;
  const { lists } = JSON.parse(state.slice(1)) as SavedStates;
  const names = Object.values(lists)
    .flatMap((list) => Object.values(list.state.names))
    .flatMap((sources) => Object.values(sources).flatMap((families) => Object.values(families)));
  const isCounted = ({ missedAnswers }: SavedName['addresses'][number]) =>
    missedAnswers > 0 && missedAnswers <= MOST_COUNTED;
  return names.some(
    ({ rotation, addresses, departed }) =>
      rotation.score > 0 || departed.length > 0 || addresses.some(isCounted),
  );
}

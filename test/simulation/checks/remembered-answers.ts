import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';

/** So many answers are counted of a name that does not rotate, and no more. */
const MOST_COUNTED = 32;

interface SavedName {
  readonly rotation: { readonly score: number };
  readonly addresses: readonly { readonly missedAnswers: number }[];
  readonly departed: readonly unknown[];
}

interface SavedState {
  readonly names: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, SavedName>>>>>>;
}

/** Whether saved state waits for a time to come, or counts what comes: a hold, a suspicion, an answer. */
export function countsTime(stateConfigMap: ApiObject): boolean {
  const { state = '' } = (stateConfigMap.data ?? {}) as { state?: string };
  return (
    /"(absentSince|notFoundSince|failingSince|suspectSince)":/.test(state) || countsAnswers(stateConfigMap)
  );
}

/**
 * Whether saved state still counts answers: for some dozens of them after an address has left its name, so that
 * its return is recognised as rotation. As long as it counts it changes with every answer, and has to.
 */
export function countsAnswers(stateConfigMap: ApiObject): boolean {
  const { state = '' } = (stateConfigMap.data ?? {}) as { state?: string };
  // Somebody has damaged it; the next pass writes it anew.
  if (!state.startsWith('=')) return false;
  const saved = JSON.parse(state.slice(1)) as SavedState;
  const names = Object.values(saved.names).flatMap((sources) =>
    Object.values(sources).flatMap((families) => Object.values(families)),
  );
  const isCounted = ({ missedAnswers }: SavedName['addresses'][number]) =>
    missedAnswers > 0 && missedAnswers <= MOST_COUNTED;
  return names.some(
    ({ rotation, addresses, departed }) =>
      rotation.score > 0 || departed.length > 0 || addresses.some(isCounted),
  );
}

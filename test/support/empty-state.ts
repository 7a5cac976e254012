import { type SyncState, unionOf } from '../../src/state/sync-state.ts';

/** What a list has learned that nothing is known of. */
export const EMPTY_STATE: SyncState = unionOf([]);

/** One breach of one of the twelve invariants of the design. */
export interface Violation {
  readonly invariant: number;
  readonly atMs: number;
  readonly message: string;
}

/** The invariants in a few words each, for stories and tables. */
export const INVARIANTS: Readonly<Record<number, string>> = {
  1: 'nothing that is not ours is written or deleted',
  2: 'a DNS failure takes no address away',
  3: 'no gap in traffic, no healthy address lost',
  4: 'after a kill the next pass reaches what an undisturbed run reaches',
  5: 'nothing changed, nothing written',
  6: 'a slow target delays no other',
  7: 'a deposed leader changes nothing',
  8: 'no two slices disagree, nothing the API rejects is sent',
  9: 'a broken or empty list changes nothing',
  10: 'a worker without connectivity drains nothing',
  11: 'plan and sync decide the same',
  12: 'everything is bounded',
};

import type { Assessment } from '../endpoint/assessment.ts';
import type { NameTrouble } from '../endpoint/name-memory.ts';
import type { AddressFamily } from '../model/ip-address.ts';
import type { Target } from '../model/target.ts';
import type { ExistingObjects } from './existing-objects.ts';

/** Whose plan it is, and on what ground: what may be touched at all follows from that, however healthy anything is. */
export interface PlanContext {
  readonly target: Target;
  readonly existing: ExistingObjects;
  readonly options: PlanOptions;
}

/** All that the plan of one target follows from. */
export interface PlanInput extends PlanContext {
  /** How each known address shall be published, after every policy and guard. */
  readonly assessments: readonly Assessment[];
  /** Names that gave no good answer. */
  readonly troubles: readonly NameTrouble[];
}

export interface PlanOptions {
  /** Marks whose objects are whose on a cluster with several of us. */
  readonly instance: string;
  /** `--adopt`: take over objects that are not ours, for every target of this run. */
  readonly adopt: boolean;
  /** external-dns's policies: what kinds of change are allowed at all. */
  readonly policy: SyncPolicy;
  /** Address families of the cluster's Services, the default one first; empty or absent where it does not tell. */
  readonly clusterFamilies?: readonly AddressFamily[];
}

export type SyncPolicy = 'sync' | 'upsert-only' | 'create-only';

export function mayAdopt(input: PlanContext): boolean {
  return input.target.adopt || input.options.adopt;
}

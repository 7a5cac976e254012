import type { Assessment } from '../endpoint/assessment.ts';
import type { NameTrouble } from '../endpoint/name-memory.ts';
import type { AddressFamily } from '../model/ip-address.ts';
import type { Target } from '../model/target.ts';
import type { ExistingObjects } from './existing-objects.ts';

/** What decides which objects a plan may touch, whatever the health of the addresses is. */
export interface PlanContext {
  readonly target: Target;
  readonly existing: ExistingObjects;
  readonly options: PlanOptions;
}

/** The addresses that a plan publishes. */
export interface AssessedAddresses {
  /** How each known address is to be published, after every policy and guard. */
  readonly assessments: readonly Assessment[];
  /** Names that gave no good answer. */
  readonly troubles: readonly NameTrouble[];
}

export interface PlanOptions {
  /** The name of this installation; it owns only objects that are labelled with it. */
  readonly instance: string;
  /** `--adopt`: adopt objects that are not ours, for every target of this run. */
  readonly adopt: boolean;
  readonly policy: SyncPolicy;
  /** The names of the lists that this process has. A target that moves from one to another is no news. */
  readonly lists?: ReadonlySet<string>;
  /** Address families of the cluster's Services, the default one first; empty or absent: unknown. */
  readonly clusterFamilies?: readonly AddressFamily[];
}

/** external-dns's policies: which kinds of change are allowed. */
export type SyncPolicy = 'sync' | 'upsert-only' | 'create-only';

export function mayAdopt({ target, options }: PlanContext): boolean {
  return target.adopt || options.adopt;
}

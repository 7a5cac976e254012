import type { ApiFault } from '../world/api-faults.ts';
import type { DnsFault } from '../world/dns-reactions.ts';
import type { DeathPlan } from '../world/fate.ts';
import type { HostMode } from '../world/hosts.ts';
import type { NameContent } from '../world/names.ts';
import type { DeathAt } from '../world/request-fate.ts';
import type { ListGuards, TargetSpec } from './target-spec.ts';

/** One thing that happens to the world. Plain data: leaving one out leaves the rest as it was. */
export type Incident = Happening & {
  readonly atMs: number;
  /** It passes by itself; absent: it stays. */
  readonly forMs?: number;
};

export type Happening =
  | { readonly do: 'host'; readonly address: string; readonly mode: HostMode }
  | { readonly do: 'name'; readonly name: string; readonly content: NameContent }
  | { readonly do: 'dns'; readonly server: string; readonly faults: readonly (readonly [DnsFault, number])[] }
  | { readonly do: 'api'; readonly faults: readonly (readonly [ApiFault, number])[] }
  | { readonly do: 'cut'; readonly machine: number; readonly from: 'hosts' | 'dns' | 'api' }
  | { readonly do: 'clock'; readonly machine: number; readonly byMs: number }
  /** The machine's clock counts so many millionths too much, or too little. */
  | { readonly do: 'drift'; readonly machine: number; readonly ppm: number }
  | { readonly do: 'pause' }
  /** The next pass dies around its n-th write, counted from 1; of replicas, whoever does the n-th write from now. */
  | { readonly do: 'kill'; readonly write: number; readonly when: DeathAt }
  | { readonly do: 'terminate' }
  /** Every watch that is open breaks; with `compacted`, what they missed cannot be had any more. */
  | { readonly do: 'watchCut'; readonly compacted: boolean }
  /** The watch cache of one of the two API servers shows what happens so much later. */
  | { readonly do: 'watchLag'; readonly replica: number; readonly byMs: number }
  /** Somebody gives the lease to nobody, or takes it away altogether. */
  | { readonly do: 'lease'; readonly edit: 'delete' | 'clear' }
  | { readonly do: 'controllersDown' }
  /** Somebody runs `release`. Whoever follows the list may know of it before, afterwards or never. */
  | {
      readonly do: 'release';
      readonly key: string;
      readonly machine: number;
      readonly toPods: boolean;
      readonly list: 'lostBefore' | 'lostAfter' | 'keeps';
      readonly dies?: DeathPlan;
      /** When it died, somebody runs it once more. */
      readonly again: boolean;
    }
  | { readonly do: 'list'; readonly edit: ListEdit }
  | { readonly do: 'object'; readonly key: string; readonly edit: ObjectEdit };

export type ListEdit =
  | { readonly to: 'broken' | 'empty' | 'nothing' }
  | { readonly to: 'without'; readonly key: string }
  | { readonly to: 'with'; readonly key: string; readonly changes: Partial<TargetSpec> };

export type ObjectEdit =
  | 'deleteSlices'
  | 'deleteEndpoints'
  | 'deleteService'
  | 'recreateService'
  /** Made anew by somebody who knows nothing of our marks. */
  | 'replaceService'
  | 'makeExternalName'
  | 'flipReady'
  | 'addBogusAddress'
  | 'stripLabel'
  | 'addSelector'
  | 'addForeignSlice'
  /** The whole namespace, with all that is in it; somebody makes it anew in the end. */
  | 'deleteNamespace'
  | 'corruptState'
  | 'deleteState';

/** What stood in the cluster before the product came: made by hand, as people do today. */
export interface HandMade {
  readonly key: string;
  readonly kind: 'service' | 'endpoints' | 'externalName' | 'endpointsAndSlice';
  readonly ports: TargetSpec['ports'];
  readonly addresses: readonly string[];
}

export interface Scenario {
  readonly seed: number;
  readonly targets: readonly TargetSpec[];
  readonly guards: ListGuards;
  readonly names: readonly (readonly [string, NameContent])[];
  /** Of every record of every name. */
  readonly ttlSeconds: number;
  readonly handMade: readonly HandMade[];
  /** `cronJob`: passes of `sync`. `deployment`: replicas of `run`. */
  readonly mode: 'cronJob' | 'deployment';
  readonly replicas: number;
  /** Where the list is; absent: in a file. */
  readonly listIn?: 'configMap';
  readonly workers: readonly {
    readonly machine: number;
    readonly periodMs: number;
    readonly offsetMs: number;
  }[];
  /** What becomes of a pass that is still going on when the next is due, as in a CronJob. */
  readonly concurrency: 'Allow' | 'Forbid' | 'Replace';
  /** Whether somebody looks at `plan` before each pass in which nothing goes wrong. */
  readonly previews: boolean;
  readonly latencyMs: readonly [number, number];
  readonly incidents: readonly Incident[];
  readonly disturbedMs: number;
  /** How long nothing may be written once all has come to rest. */
  readonly restMs: number;
}

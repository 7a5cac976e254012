import type { ApiFault } from '../world/api-faults.ts';
import type { DnsFault } from '../world/dns-reactions.ts';
import type { DeathPlan } from '../world/fate.ts';
import type { HostMode } from '../world/hosts.ts';
import type { NameContent } from '../world/names.ts';
import type { DeathAt } from '../world/request-fate.ts';
import type { ListGuards, TargetSpec } from './target-spec.ts';

/** One thing that happens to the world. Plain data: without one incident the others stay the same. */
export type Incident = Happening & {
  readonly atMs: number;
  /** How long it lasts; absent: it stays. */
  readonly forMs?: number;
};

export type Happening =
  | { readonly do: 'host'; readonly address: string; readonly mode: HostMode }
  | { readonly do: 'name'; readonly name: string; readonly content: NameContent }
  | { readonly do: 'dns'; readonly server: string; readonly faults: readonly (readonly [DnsFault, number])[] }
  | { readonly do: 'api'; readonly faults: readonly (readonly [ApiFault, number])[] }
  | { readonly do: 'cut'; readonly machine: number; readonly from: 'hosts' | 'dns' | 'api' }
  | { readonly do: 'clock'; readonly machine: number; readonly byMs: number }
  /** The machine's clock runs too fast or too slow by so many millionths. */
  | { readonly do: 'drift'; readonly machine: number; readonly ppm: number }
  | { readonly do: 'pause' }
  /** The next pass is killed around its n-th write, counted from 1. Of replicas: the one that sends the n-th write from now. */
  | { readonly do: 'kill'; readonly write: number; readonly when: DeathAt }
  | { readonly do: 'terminate' }
  /** Every open watch breaks; with `compacted`, the events that they missed are compacted. */
  | { readonly do: 'watchCut'; readonly compacted: boolean }
  /** The watch cache of one of the two API servers lags by so much. */
  | { readonly do: 'watchLag'; readonly replica: number; readonly byMs: number }
  /** A person clears the holder of the lease, or deletes the lease. */
  | { readonly do: 'lease'; readonly edit: 'delete' | 'clear' }
  | { readonly do: 'controllersDown' }
  /** A person runs `release`. The list loses the target before, afterwards or never. */
  | {
      readonly do: 'release';
      readonly key: string;
      readonly machine: number;
      readonly toPods: boolean;
      readonly list: 'lostBefore' | 'lostAfter' | 'keeps';
      readonly dies?: DeathPlan;
      /** When it was killed, the person runs it again. */
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
  /** Created again by a person, without our ownership labels. */
  | 'replaceService'
  | 'makeExternalName'
  | 'flipReady'
  | 'addBogusAddress'
  | 'stripLabel'
  | 'addSelector'
  | 'addForeignSlice'
  /** The whole namespace with its objects; a person creates it again in the end. */
  | 'deleteNamespace'
  | 'corruptState'
  | 'deleteState';

/** Hand-kept objects that exist before the product starts. */
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
  /** What happens to a pass that still runs when the next is due, as in a CronJob. */
  readonly concurrency: 'Allow' | 'Forbid' | 'Replace';
  /** Whether a person runs `plan` before each pass without faults. */
  readonly previews: boolean;
  readonly latencyMs: readonly [number, number];
  readonly incidents: readonly Incident[];
  readonly disturbedMs: number;
  /** How long nothing may be written once the world is at rest. */
  readonly restMs: number;
}

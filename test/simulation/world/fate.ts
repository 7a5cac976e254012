import type { KubeRequest } from '../../../src/io/kube-retry.ts';
import type { Random } from '../../../src/time/random.ts';
import { type ApiFault, isWrite } from './api-faults.ts';
import type { DeathAt, RequestFate } from './request-fate.ts';
import { between, chance } from './streams.ts';

/** Writes are never stale. */
const FOR_READS_ALONE: ReadonlySet<ApiFault> = new Set(['staleRead']);

/** A process that will be killed around one of its writes, counted from 1. */
export interface DeathPlan {
  readonly write: number;
  readonly when: DeathAt;
}

/** Faults that reads cannot have. */
const FOR_WRITES_ALONE: ReadonlySet<ApiFault> = new Set(['conflict', 'lateArrival']);

export interface FateOptions extends Omit<RequestFate, 'latencyMs' | 'fault'> {
  readonly latencyMs: readonly [number, number];
  /** The faults at this moment. */
  readonly faults: () => ReadonlyMap<ApiFault, number>;
  readonly random: Random;
}

/** Draws the fault of each request of one process. */
export function fateOf({ latencyMs, faults, random, ...rest }: FateOptions): RequestFate {
  return {
    ...rest,
    latencyMs: () => between(random, ...latencyMs),
    fault: (request: KubeRequest) => {
      for (const [fault, probability] of faults()) {
        if (!suits(fault, request)) continue;
        if (chance(random, probability)) return fault;
      }
      return undefined;
    },
  };
}

function suits(fault: ApiFault, request: KubeRequest): boolean {
  if (isWrite(request)) return !FOR_READS_ALONE.has(fault);
  const isWatch = request.path.includes('watch=');
  return !FOR_WRITES_ALONE.has(fault) && !(isWatch && FOR_READS_ALONE.has(fault));
}

/** Whether the process dies around this write, by the plan. */
export function dyingBy(plan: DeathPlan | undefined): RequestFate['death'] {
  let writes = 0;
  return () => {
    writes += 1;
    return plan?.write === writes ? plan.when : undefined;
  };
}

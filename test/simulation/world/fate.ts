import type { KubeRequest } from '../../../src/io/kube-retry.ts';
import type { Random } from '../../../src/time/random.ts';
import { type ApiFault, isWrite } from './api-faults.ts';
import type { DeathAt, RequestFate } from './request-fate.ts';
import { between, chance } from './streams.ts';

/** What is written is not old. */
const FOR_READS_ALONE: ReadonlySet<ApiFault> = new Set(['staleRead']);

/** A process that is to die around one of its writes, counted from 1. */
export interface DeathPlan {
  readonly write: number;
  readonly when: DeathAt;
}

/** Faults that make no sense for what is only read. */
const FOR_WRITES_ALONE: ReadonlySet<ApiFault> = new Set(['conflict', 'lateArrival']);

export interface FateOptions extends Omit<RequestFate, 'latencyMs' | 'fault'> {
  readonly latencyMs: readonly [number, number];
  /** As they are at this moment. */
  readonly faults: () => ReadonlyMap<ApiFault, number>;
  readonly random: Random;
}

/** Draws what happens to each request of one process. */
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

/** Dies around the write that the plan says. */
export function dyingBy(plan: DeathPlan | undefined): RequestFate['death'] {
  let writes = 0;
  return () => {
    writes += 1;
    return plan?.write === writes ? plan.when : undefined;
  };
}

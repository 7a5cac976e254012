import type { Assessment } from '../../src/endpoint/assessment.ts';
import type { KubeObject } from '../../src/manifest/kube-object.ts';
import type { Target } from '../../src/model/target.ts';
import { existingFrom } from '../../src/plan/existing-objects.ts';
import type { Action } from '../../src/plan/object-plan.ts';
import type { PlanContext, PlanOptions } from '../../src/plan/plan-input.ts';
import { type PlanInput, planTarget, type TargetPlan } from '../../src/plan/plan-target.ts';
import { situationOf } from '../../src/plan/situation.ts';
import { assessed } from './assessments.ts';
import { targetDb } from './kube-objects.ts';

const OPTIONS: PlanOptions = { instance: 'default', adopt: false, policy: 'sync' };

export function contextOf(
  objects: readonly KubeObject[],
  target: Target = targetDb(),
  options: Partial<PlanOptions> = {},
): PlanContext {
  return { target, existing: existingFrom(objects), options: { ...OPTIONS, ...options } };
}

export type PlanQuestion = Partial<Omit<PlanInput, 'situation'>> & {
  readonly objects: readonly KubeObject[];
  readonly target?: Target;
  readonly options?: Partial<PlanOptions>;
};

export function planned({ objects, target = targetDb(), options = {}, ...rest }: PlanQuestion): TargetPlan {
  const situation = situationOf(contextOf(objects, target, options));
  return planTarget({ situation, assessments: healthy('10.0.0.1', '10.0.0.2'), troubles: [], ...rest });
}

export function healthy(...addresses: readonly string[]): Assessment[] {
  return addresses.map((address) => assessed(address, 'healthy'));
}

/** `update Service db: SpecChanged`, one line an action. */
export function linesOf(actions: readonly Action[]): string[] {
  return actions.map(({ verb, kind, name, reason }) => `${verb} ${kind} ${name}: ${reason}`);
}

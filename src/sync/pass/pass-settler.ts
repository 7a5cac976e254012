import { type Decision, decideAgain, planRemoval, type TargetDecision } from '../../decide/decide.ts';
import { keyOf } from '../../model/target.ts';
import type { ExistingObjects } from '../../plan/existing-objects.ts';
import type { TargetPlan } from '../../plan/plan-target.ts';
import {
  type ApplyPorts,
  type ApplyResult,
  applyPlan,
  DEFAULT_APPLY_LIMITS,
  newApplySlots,
  type Replan,
} from '../apply-plan.ts';
import type { OnProgress } from './observe.ts';
import type { PassRequest } from './pass-request.ts';

/** Carries the plans of a pass out as they come, side by side within a bound: one that hangs delays no other. */
export class PassSettler {
  readonly #request: PassRequest;
  readonly #ports: ApplyPorts;
  readonly #onProgress: OnProgress;
  readonly #signal: AbortSignal;
  readonly #settlements: Promise<readonly [string, ApplyResult]>[] = [];
  /** Targets that were decided again, by key: as they were decided last. */
  readonly #again = new Map<string, TargetDecision>();
  #settled = 0;

  constructor(
    request: PassRequest,
    ports: Omit<ApplyPorts, 'turns'>,
    onProgress: OnProgress,
    signal: AbortSignal,
  ) {
    this.#request = request;
    this.#ports = { ...ports, turns: newApplySlots() };
    this.#onProgress = onProgress;
    this.#signal = signal;
  }

  /** @param existingOf what was read under the name. */
  begin(decision: Decision, existingOf: (key: string) => ExistingObjects): void {
    if (this.#request.mode === 'plan') return;
    for (const decided of decision.targets) {
      const key = keyOf(decided.target);
      this.#start(decided, existingOf(key), (existing) => {
        const again = decideAgain(decided, existing);
        this.#again.set(key, again);
        return again;
      });
    }
    for (const plan of decision.removals) {
      const { namespace, name } = plan;
      const { instance } = this.#request.options;
      this.#start({ plan, assessments: [] }, existingOf(keyOf(plan)), (existing) => ({
        plan: planRemoval({ namespace, name, existing, instance }),
        assessments: [],
      }));
    }
  }

  /** What became of everything that was begun, by target key. Nothing may be begun after. */
  async done(): Promise<ReadonlyMap<string, ApplyResult>> {
    return new Map(await Promise.all(this.#settlements));
  }

  /** The decision with every target as it was decided last. */
  newest(decision: Decision): Decision {
    return {
      ...decision,
      targets: decision.targets.map((each) => this.#again.get(keyOf(each.target)) ?? each),
    };
  }

  #start(first: TargetPlan, existing: ExistingObjects, replan: Replan): void {
    const options = {
      ...DEFAULT_APPLY_LIMITS,
      instance: this.#request.options.instance,
      dryRun: this.#request.mode === 'dryRun',
    };
    const begun = options.dryRun ? first : lookingAgain(first, existing);
    const result = applyPlan(begun, existing, replan, this.#ports, options, this.#signal).then((result) => {
      this.#settled += 1;
      this.#onProgress('writing', this.#settled, this.#settlements.length);
      return [keyOf(first.plan), result] as const;
    });
    // Awaited in `done`; a pass that ends before leaves nobody to ask.
    result.catch(() => undefined);
    this.#settlements.push(result);
  }
}

/**
 * A slice that is made beside others takes from them or completes them, and carries no version that would tell of a
 * change in them. A pass has looked at hosts since it read the cluster, for seconds; so it reads once more, and decides
 * by that.
 */
function lookingAgain(first: TargetPlan, { slices }: ExistingObjects): TargetPlan {
  const makesSlice = first.plan.actions.some(
    ({ verb, kind }) => verb === 'create' && kind === 'EndpointSlice',
  );
  if (!makesSlice || slices.length === 0) return first;
  return { ...first, plan: { ...first.plan, actions: [], continuation: { until: 'ServiceRead' } } };
}

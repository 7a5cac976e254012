import type { ExistingObjects } from '../plan/existing-objects.ts';
import { planTarget, type TargetPlan } from '../plan/plan-target.ts';
import type { Clock } from '../target/clock.ts';
import { keyOf } from '../target/target.ts';
import { type Decision, planRemoval } from './decide.ts';
import { limiter } from './limiter.ts';
import type { ObjectStore } from './object-store.ts';
import type { OnProgress } from './observe.ts';
import type { PassRequest } from './pass.ts';
import { DEFAULT_SETTLE_LIMITS, type Replan, type Settlement, settle } from './settle.ts';

/** Plans carried out at a time; more only makes the API server slower (measured: 8 to 32 are alike). */
const PLANS_AT_ONCE = 16;

/** Carries the plans of a pass out as they come, side by side within a bound: one that hangs delays no other. */
export class PassSettler {
  private readonly request: PassRequest;
  private readonly ports: { readonly store: ObjectStore; readonly clock: Clock };
  private readonly onProgress: OnProgress;
  private readonly signal: AbortSignal;
  private readonly limit = limiter(PLANS_AT_ONCE);
  private readonly settlements: Promise<readonly [string, Settlement]>[] = [];
  private settled = 0;

  constructor(
    request: PassRequest,
    ports: PassSettler['ports'],
    onProgress: OnProgress,
    signal: AbortSignal,
  ) {
    this.request = request;
    this.ports = ports;
    this.onProgress = onProgress;
    this.signal = signal;
  }

  /** @param existingOf what was read under the name. */
  begin(decision: Decision, existingOf: (key: string) => ExistingObjects): void {
    if (this.request.mode === 'plan') return;
    for (const { target, plan, assessments, verdicts, troubles, options } of decision.targets) {
      const existing = existingOf(keyOf(target));
      this.start({ plan, assessments }, existing, (now) =>
        planTarget({ target, assessments: verdicts, troubles, existing: now, options }),
      );
    }
    for (const plan of decision.removals) {
      const { namespace, name } = plan;
      const { instance } = this.request.options;
      this.start({ plan, assessments: [] }, existingOf(keyOf(plan)), (existing) => ({
        plan: planRemoval({ namespace, name, existing, instance }),
        assessments: [],
      }));
    }
  }

  /** What became of everything that was begun, by target key. Nothing may be begun after. */
  async done(): Promise<ReadonlyMap<string, Settlement>> {
    return new Map(await Promise.all(this.settlements));
  }

  private start(first: TargetPlan, existing: ExistingObjects, replan: Replan): void {
    const options = {
      ...DEFAULT_SETTLE_LIMITS,
      instance: this.request.options.instance,
      dryRun: this.request.mode === 'dryRun',
    };
    const settlement = this.limit(async () => {
      const result = await settle(first, existing, replan, this.ports, options, this.signal);
      this.settled += 1;
      this.onProgress('writing', this.settled, this.settlements.length);
      return [keyOf(first.plan), result] as const;
    });
    // Awaited in `done`; a pass that ends before leaves nobody to ask.
    settlement.catch(() => undefined);
    this.settlements.push(settlement);
  }
}

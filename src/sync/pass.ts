import { NO_SUSPICION } from '../endpoint/drain-guard.ts';
import type { CheckId, Health } from '../health/health.ts';
import { HealthMemory } from '../health/memory.ts';
import { type ExistingObjects, NOTHING_EXISTS } from '../plan/existing-objects.ts';
import type { ObjectPlan } from '../plan/object-plan.ts';
import { planTarget, type TargetPlan } from '../plan/plan-target.ts';
import { type Clock, instantOf } from '../target/clock.ts';
import type { Guards } from '../target/guards.ts';
import { keyOf, type Target } from '../target/target.ts';
import { type DecideOptions, type Decision, decide, planRemoval, type TargetMoment } from './decide.ts';
import { mapWithLimit } from './map-with-limit.ts';
import type { ApiFailure, ObjectStore } from './object-store.ts';
import {
  checkAddresses,
  type ObservationLimits,
  type Observers,
  type OnProgress,
  resolveNames,
} from './observe.ts';
import { ownedServiceCount, removalsFrom } from './owned-objects.ts';
import { reportPass } from './pass-report.ts';
import { type ClusterView, readCluster } from './read-cluster.ts';
import { DEFAULT_SETTLE_LIMITS, type Replan, type Settlement, settle } from './settle.ts';
import type { SyncReport } from './sync-report.ts';
import { type LoadedState, nextState, type StateNote, type StateStore } from './sync-state.ts';

/** One pass over a whole list: what `sync` does once, and `plan` up to the writing. */
export interface PassRequest {
  readonly targets: readonly Target[];
  readonly guards: Guards;
  readonly options: DecideOptions;
  readonly limits: ObservationLimits;
  /** `write`: carry the plans out. `dryRun`: let the API server judge them. `plan`: send no write at all. */
  readonly mode: 'write' | 'dryRun' | 'plan';
}

export interface PassPorts extends Observers {
  readonly store: ObjectStore;
  readonly state: StateStore;
  /** How many requests were sent so far. */
  readonly requestCount: () => number;
}

export type PassResult =
  | {
      readonly ok: true;
      readonly report: SyncReport;
      /** As decided, with the changes field by field; in the order of the report. */
      readonly plans: readonly ObjectPlan[];
      /** What is to be told and belongs to no single target. */
      readonly notes: readonly StateNote[];
    }
  /** The cluster could not be reached or refused us altogether: nothing was done. */
  | { readonly ok: false; readonly failure: ApiFailure };

/** Writes under way at a time; more only makes the API server slower (measured: 8 to 32 are alike). */
const MAX_PLANS_AT_ONCE = 16;

export async function pass(
  request: PassRequest,
  ports: PassPorts,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<PassResult> {
  const startedMs = ports.clock.monotonicNow();
  const requestsBefore = ports.requestCount();
  const { targets, options } = request;
  const [cluster, loaded, answers] = await Promise.all([
    readCluster(targets, options.instance, ports.store, signal),
    ports.state.load(signal),
    resolveNames(targets, ports, onProgress, signal),
  ]);
  if (!cluster.ok) return cluster;
  const { view } = cluster;
  const readable = targets.filter((target) => !view.unreadable.has(target.namespace));
  const moments = readable.map(
    (target): TargetMoment => ({
      target,
      existing: view.byService.get(keyOf(target)) ?? NOTHING_EXISTS,
      memory: loaded.state.names.get(keyOf(target)),
      answers: answers.get(keyOf(target)) ?? new Map(),
    }),
  );
  const known = new HealthMemory(loaded.state.health);
  const health = await checkAddresses(
    moments,
    request.guards,
    known,
    ports,
    request.limits,
    onProgress,
    signal,
  );
  const decision = decide(
    {
      targets: moments,
      removals: removalsFrom(view, targets, options.instance),
      ownedServices: ownedServiceCount(view, options.instance),
      healthOf: (id) => health.get(id),
      guards: request.guards,
      options,
      stateless: isStateless(loaded),
      fleet: {
        readyElsewhere: 0,
        // It has just been read.
        referenceReachable: true,
        lastHealthyMs: lastHealthyMs(health, ports.clock),
        guard: {
          ...NO_SUSPICION,
          suspectSinceMs: loaded.state.suspectSinceMs,
          heldAtMs: ports.clock.monotonicNow(),
        },
      },
    },
    instantOf(ports.clock),
  );
  const plans = [...decision.targets.map(({ plan }) => plan), ...decision.removals];
  const settlements = await settleAll(decision, view, request, ports, onProgress, signal);
  const notes = [...loaded.notes];
  if (request.mode === 'write' && !isStateless(loaded)) {
    notes.push(...(await ports.state.save(nextState(decision, health), signal)));
  }
  const cost = {
    requests: ports.requestCount() - requestsBefore,
    durationMs: Math.round(ports.clock.monotonicNow() - startedMs),
  };
  return {
    ok: true,
    report: reportPass(targets, decision, settlements, view, cost, instantOf(ports.clock)),
    plans,
    notes,
  };
}

function isStateless({ kind }: LoadedState): boolean {
  return kind === 'unusable' || kind === 'unreachable';
}

/** A verdict that this pass has confirmed: whoever sees one healthy backend can see. */
function lastHealthyMs(health: ReadonlyMap<CheckId, Health>, clock: Clock): number {
  const seesSomething = [...health.values()].some(
    ({ verdict, streak }) => verdict === 'healthy' && streak === 0,
  );
  return seesSomething ? clock.monotonicNow() : Number.NEGATIVE_INFINITY;
}

/** Every plan carried out, side by side within a bound: a target that hangs delays no other. */
async function settleAll(
  decision: Decision,
  view: ClusterView,
  request: PassRequest,
  ports: PassPorts,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Settlement>> {
  if (request.mode === 'plan') return new Map();
  const { options } = request;
  const existingOf = (key: string) => view.byService.get(key) ?? NOTHING_EXISTS;
  const work: { first: TargetPlan; existing: ExistingObjects; replan: Replan }[] = [
    ...decision.targets.map((first) => ({
      first,
      existing: existingOf(keyOf(first.target)),
      replan: (existing: ExistingObjects) =>
        planTarget({
          target: first.target,
          assessments: first.verdicts,
          troubles: first.troubles,
          existing,
          options,
        }),
    })),
    ...decision.removals.map((plan) => ({
      first: { plan, assessments: [] },
      existing: existingOf(keyOf(plan)),
      replan: (existing: ExistingObjects) => ({
        plan: planRemoval({
          namespace: plan.namespace,
          name: plan.name,
          existing,
          instance: options.instance,
        }),
        assessments: [],
      }),
    })),
  ];
  const settleOptions = {
    ...DEFAULT_SETTLE_LIMITS,
    instance: options.instance,
    dryRun: request.mode === 'dryRun',
  };
  let done = 0;
  const settled = await mapWithLimit(work, MAX_PLANS_AT_ONCE, async ({ first, existing, replan }) => {
    const settlement = await settle(first, existing, replan, ports, settleOptions, signal);
    done += 1;
    onProgress('writing', done, work.length);
    return [keyOf(first.plan), settlement] as const;
  });
  return new Map(settled);
}

import type { ClusterView } from '../../cluster/read-cluster.ts';
import { type Decision, decide, readyAfter, type TargetDecision } from '../../decide/decide.ts';
import { ownedServiceCount, removalsFrom } from '../../decide/owned-objects.ts';
import type { TargetSnapshot } from '../../decide/resolve-addresses.ts';
import { type DrainGuardState, NO_SUSPICION, recalledSuspicion } from '../../endpoint/drain-guard.ts';
import type { CheckId, Health } from '../../health/health.ts';
import { HealthMemory } from '../../health/memory.ts';
import { probesWork } from '../../health/probes-work.ts';
import { keyOf, type Target } from '../../model/target.ts';
import { type ExistingObjects, NOTHING_EXISTS } from '../../plan/existing-objects.ts';
import type { RemovalInput } from '../../plan/plan-removal.ts';
import type { LoadedState } from '../../state/sync-state.ts';
import { type Clock, instantOf } from '../../time/clock.ts';
import type { HealthOf } from './observe.ts';
import type { PassRequest } from './pass-request.ts';

/** The decisions of one pass: each target's by itself where that drains nothing, all others together. */
export class PassDecider {
  readonly #request: PassRequest;
  readonly #view: ClusterView;
  readonly #loaded: LoadedState;
  readonly #clock: Clock;
  readonly #decided = new Map<string, TargetDecision>();
  readonly #postponed: TargetSnapshot[] = [];
  readonly #ownedServices: number;
  #rest: Decision | undefined;

  constructor(request: PassRequest, view: ClusterView, loaded: LoadedState, clock: Clock) {
    this.#request = request;
    this.#view = view;
    this.#loaded = loaded;
    this.#clock = clock;
    this.#ownedServices = ownedServiceCount(view.byService, request.options.instance);
  }

  /** What was known before anything was looked at. */
  get before() {
    const { kind, state } = this.#loaded;
    return {
      health: new HealthMemory(state.health),
      // A state that could not be read just now is missing, and held for missing; it is not the state of a
      // cluster that never keeps any.
      hasNoStateStore: kind === 'unusable',
      guards: this.#request.guards,
      options: this.#request.options,
      momentOf: (target: Target): Omit<TargetSnapshot, 'answers'> | undefined => {
        if (this.#view.unreadable.has(target.namespace)) return undefined;
        const key = keyOf(target);
        return {
          target,
          existing: this.existingOf(key),
          memory: state.names.get(key),
          sources: state.sources.get(key) ?? [],
          recoversPublished: true,
        };
      },
    };
  }

  existingOf(key: string): ExistingObjects {
    return this.#view.byService.get(key) ?? NOTHING_EXISTS;
  }

  /** Undefined when the decision drains something, and so has to wait for the others. */
  decideEarly(moment: TargetSnapshot, healthOf: HealthOf): Decision | undefined {
    const decision = this.#decide([moment], [], healthOf, Number.NEGATIVE_INFINITY);
    if (decision.drainedAddresses > 0) {
      this.#postponed.push(moment);
      return undefined;
    }
    for (const each of decision.targets) this.#decided.set(keyOf(each.target), each);
    return decision;
  }

  /** What was postponed, and what has left the list. */
  decideRest(health: ReadonlyMap<CheckId, Health>): Decision {
    const { options, targets } = this.#request;
    const removals = removalsFrom(this.#view.byService, targets, options.instance);
    const healthOf: HealthOf = (id) => health.get(id);
    this.#rest = this.#decide(this.#postponed, removals, healthOf, this.#lastHealthyMs(health));
    for (const each of this.#rest.targets) this.#decided.set(keyOf(each.target), each);
    return this.#rest;
  }

  /** All of it, in the order of the list. */
  get decision(): Decision {
    if (this.#rest === undefined) throw new Error('the pass is not decided yet');
    const targets = this.#request.targets.flatMap((target) => this.#decided.get(keyOf(target)) ?? []);
    return { ...this.#rest, targets };
  }

  #decide(
    moments: readonly TargetSnapshot[],
    removals: readonly RemovalInput[],
    healthOf: HealthOf,
    lastSuccessfulProbeMs: number,
  ): Decision {
    const { guards, options } = this.#request;
    const now = instantOf(this.#clock);
    return decide(
      {
        targets: moments,
        removals,
        ownedServices: this.#ownedServices,
        removedBesides: 0,
        healthOf,
        guards,
        options,
        hasNoStateStore: this.before.hasNoStateStore,
        clusterWide: {
          readyInOtherTargets: [...this.#decided.values()].reduce((sum, each) => sum + readyAfter(each), 0),
          // It has just been read.
          referenceReachable: true,
          lastSuccessfulProbeMs,
          guard: this.#guard(moments, now.monotonicMs),
        },
      },
      now,
    );
  }

  /** A suspicion is over when a pass has nothing to drain. */
  #guard(moments: readonly TargetSnapshot[], nowMs: number): DrainGuardState {
    return moments.length === 0 ? NO_SUSPICION : recalledSuspicion(this.#loaded.state.suspectSinceMs, nowMs);
  }

  #lastHealthyMs(health: ReadonlyMap<CheckId, Health>): number {
    return probesWork(health.values()) ? this.#clock.monotonicNow() : Number.NEGATIVE_INFINITY;
  }
}

import type { EventSink } from '../cluster/event-sink.ts';
import type { ApiFailure, ObjectStore } from '../cluster/object-store.ts';
import {
  doesWithoutRanges,
  rangesNotes,
  readServiceRanges,
  type ServiceRangesNote,
} from '../cluster/service-ranges.ts';
import { untilDeadline } from '../cluster/store-until-deadline.ts';
import type { TargetList } from '../config/target-list.ts';
import type { DecideOptions, TargetDecision } from '../decide/decide.ts';
import type { TimedResolver } from '../dns/resolver.ts';
import type { Prober } from '../health/probe.ts';
import { DEFAULT_GUARDS } from '../model/guards.ts';
import type { Log } from '../model/log.ts';
import { keyOf } from '../model/target.ts';
import type { ObjectPlan } from '../plan/object-plan.ts';
import type { LoadedState, StateNote, StateStore } from '../state/sync-state.ts';
import type { Clock } from '../time/clock.ts';
import { deadlineAfter } from '../time/deadline.ts';
import type { Random } from '../time/random.ts';
import { Controller } from './controller.ts';
import type { Metrics } from './metrics.ts';
import type { OnProgress } from './observer.ts';
import { ONCE, type Policy } from './policy.ts';
import { type SyncReport, summarize, type TargetReport } from './sync-report.ts';

/** What a run is to do: make the cluster true to a list, or give Services back. */
export type OnceWork =
  | { readonly list: TargetList }
  | {
      readonly services: readonly { readonly namespace: string; readonly name: string }[];
      /** Hand the Services over to the Pods with these labels. Absent: leave the endpoints as they are. */
      readonly selector?: Readonly<Record<string, string>>;
    };

export interface OnceRequest {
  readonly work: OnceWork;
  readonly options: DecideOptions;
  readonly writes: Policy['writes'];
  readonly maxProbesInFlight: number;
  /** From the start of the run. A name without an answer by then counts as unanswered. */
  readonly resolvingTimeoutMs: number;
  /** From the start of the run. An address without a verdict by then stays as it is published. */
  readonly probingTimeoutMs: number;
  /** From the start of the run. Plans that are not written by then are left to the next run. Absent: no bound. */
  readonly writingTimeoutMs?: number;
  /** How long to wait for each step that another controller takes. */
  readonly waitTimeoutMs?: number;
  /** What each target was reported as before, by key: only changes are logged. */
  readonly reportedBefore?: ReadonlyMap<string, TargetReport>;
}

export interface OncePorts {
  readonly resolver: TimedResolver;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly events: EventSink;
  readonly isLeader: () => boolean;
  /** Absent: there is no cluster, and nothing exists. */
  readonly cluster?: {
    readonly store: ObjectStore;
    readonly state: StateStore;
    /** How many requests were sent so far. */
    readonly requestCount: () => number;
  };
}

export type OnceNote = StateNote | ServiceRangesNote;

export type OnceResult =
  | {
      readonly ok: true;
      readonly report: SyncReport;
      /** As decided last, with the changes field by field; in the order of the report. */
      readonly plans: readonly ObjectPlan[];
      /** Of the targets, as decided last; in the order of the list. */
      readonly decisions: readonly TargetDecision[];
      /** What concerns no single target. */
      readonly notes: readonly OnceNote[];
    }
  /** The cluster could not be reached or refused us altogether: nothing was done. */
  | { readonly ok: false; readonly failure: ApiFailure };

const NEVER = new AbortController().signal;

const OUT_OF_TIME = new Error('the time for writing is over');

/**
 * One run over everything: each target is decided and written as soon as it was observed, unless that would drain
 * an address; such decisions wait until everything was observed. Removals go last.
 */
export async function runOnce(
  request: OnceRequest,
  ports: OncePorts,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<OnceResult> {
  const { writingTimeoutMs } = request;
  if (writingTimeoutMs === undefined) return new Once(request, ports, NEVER, onProgress).run(signal);
  const deadline = deadlineAfter(writingTimeoutMs, ports.clock, OUT_OF_TIME);
  try {
    return await new Once(request, ports, deadline.signal, onProgress).run(signal);
  } finally {
    await deadline.end();
  }
}

class Once {
  readonly #request: OnceRequest;
  readonly #ports: OncePorts;
  readonly #store: ObjectStore;
  readonly #controller: Controller;
  readonly #startedMs: number;
  readonly #plans = new Map<string, ObjectPlan>();
  readonly #decisions = new Map<string, TargetDecision>();

  constructor(request: OnceRequest, ports: OncePorts, timeIsUp: AbortSignal, onProgress: OnProgress) {
    this.#request = request;
    this.#ports = ports;
    this.#store = ports.cluster === undefined ? EMPTY_STORE : untilDeadline(ports.cluster.store, timeIsUp);
    this.#startedMs = ports.clock.monotonicNow();
    const isRelease = 'services' in request.work;
    this.#controller = new Controller(
      { ...ports, store: this.#store },
      {
        policy: {
          ...ONCE,
          writes: request.writes,
          waitTimeoutMs: request.waitTimeoutMs ?? ONCE.waitTimeoutMs,
        },
        options: request.options,
        maxProbesInFlight: request.maxProbesInFlight,
        onProgress,
        ...(isRelease ? { isScopeRead: () => true } : {}),
        onDecided: (decisions) => {
          for (const { record, decided } of decisions) {
            this.#plans.set(record.key, decided.plan);
            if ('target' in decided) this.#decisions.set(record.key, decided);
          }
        },
      },
    );
  }

  async run(signal: AbortSignal): Promise<OnceResult> {
    const controller = this.#controller;
    const stopped = new AbortController();
    const looking = controller.observer.tasks.map((task) =>
      task(stopped.signal).catch((error: unknown) => {
        if (!stopped.signal.aborted) controller.fail(error);
      }),
    );
    const requestsBefore = this.#ports.cluster?.requestCount() ?? 0;
    try {
      this.#begin();
      const known = await this.#readFirst(signal);
      if (!known.ok) return known;
      await this.#turnUntilIdle(signal);
      const { clusterFailure } = controller.reader;
      if (clusterFailure !== undefined) return { ok: false, failure: clusterFailure };
      const notes = [...known.notes, ...(await this.#saveState(known.loaded, signal))];
      return { ok: true, ...this.#result(requestsBefore), notes };
    } finally {
      stopped.abort(new Error('the run is over'));
      if (signal.aborted) controller.stopWriting(signal.reason);
      await Promise.all([...looking, controller.applyQueue.drain(), controller.reader.idle()]);
    }
  }

  #begin(): void {
    const { work, reportedBefore } = this.#request;
    const controller = this.#controller;
    controller.reconciler.setLeading(this.#ports.isLeader());
    if ('services' in work) {
      const { services, selector } = work;
      controller.setReleases(services, selector === undefined ? {} : { selector }, DEFAULT_GUARDS);
    } else {
      controller.setList(work.list, true);
    }
    for (const [key, report] of reportedBefore ?? []) {
      const record = controller.registry.records.get(key);
      if (record !== undefined) record.report = report;
    }
  }

  /** Reads the state and the ranges of Services: no decision is made without them. */
  async #readFirst(
    signal: AbortSignal,
  ): Promise<
    | { readonly ok: true; readonly loaded: LoadedState; readonly notes: readonly OnceNote[] }
    | { readonly ok: false; readonly failure: ApiFailure }
  > {
    const { cluster } = this.#ports;
    const controller = this.#controller;
    if (cluster === undefined || 'services' in this.#request.work) {
      return { ok: true, loaded: NOTHING_LOADED, notes: [] };
    }
    controller.readScope(signal);
    const [loaded, ranges] = await Promise.all([
      cluster.state.load(signal),
      readServiceRanges(this.#store, signal),
    ]);
    if (!ranges.ok && !doesWithoutRanges(ranges.failure)) {
      await controller.reader.idle();
      return { ok: false, failure: controller.reader.clusterFailure ?? ranges.failure };
    }
    controller.ranges.take(ranges.ok ? ranges.cidrs : []);
    // A state that could not be read just now is missing, and held for missing; that is not a cluster that never
    // keeps any.
    controller.reconciler.setHasNoStateStore(loaded.kind === 'unusable');
    controller.recall(loaded.states);
    controller.succeed(loaded.states);
    return { ok: true, loaded, notes: [...loaded.notes, ...(ranges.ok ? [] : rangesNotes(ranges.failure))] };
  }

  async #turnUntilIdle(signal: AbortSignal): Promise<void> {
    const controller = this.#controller;
    const { clock } = this.#ports;
    const resolvedByMs = this.#startedMs + this.#request.resolvingTimeoutMs;
    const probedByMs = this.#startedMs + this.#request.probingTimeoutMs;
    for (;;) {
      controller.throwIfFailed();
      signal.throwIfAborted();
      const nowMs = clock.monotonicNow();
      if (nowMs >= resolvedByMs) controller.observer.endResolving();
      if (nowMs >= probedByMs) controller.observer.endChecking();
      await controller.reconciler.reconcileDue(signal);
      if (controller.isIdle || controller.reader.clusterFailure !== undefined) return;
      const deadlineMs = Math.min(
        ...[resolvedByMs, probedByMs].map((atMs) => (atMs > nowMs ? atMs : Number.POSITIVE_INFINITY)),
      );
      await controller.signal.sleepUntil(Math.min(controller.reconciler.nextRoundAtMs, deadlineMs), signal);
    }
  }

  async #saveState(loaded: LoadedState, signal: AbortSignal): Promise<readonly OnceNote[]> {
    const { cluster } = this.#ports;
    const { work, writes } = this.#request;
    if (cluster === undefined || writes !== 'whileLeading') return [];
    if ('services' in work) return this.#forgetReleased(cluster.state, signal);
    // Where nothing can be kept nothing is saved; and what could not be read must not be overwritten.
    if (loaded.kind === 'unusable' || loaded.kind === 'unreachable') return [];
    return cluster.state.save(this.#controller.states, signal);
  }

  /** What the names of a target stood for says nothing any more when it comes back to a list one day. */
  async #forgetReleased(state: StateStore, signal: AbortSignal): Promise<readonly OnceNote[]> {
    const released = this.#reports.filter(({ phase }) => phase === 'Orphaned');
    if (released.length === 0) return [];
    return state.forget(new Set(released.map(keyOf)), signal);
  }

  get #reports(): readonly TargetReport[] {
    const { work } = this.#request;
    const { registry } = this.#controller;
    const asked = 'services' in work ? work.services : work.list.targets;
    const keys = asked.map(keyOf);
    const given = new Set(keys);
    const left = [...registry.records.values()]
      .filter(({ key, report, target }) => target === undefined && report !== undefined && !given.has(key))
      .map(({ key }) => key)
      .sort();
    return [...keys, ...left].map((key) => {
      const [namespace = '', name = ''] = key.split('/');
      return this.#controller.reportOf(registry.recordFor(namespace, name));
    });
  }

  #result(requestsBefore: number) {
    const targets = this.#reports;
    const { clock, cluster } = this.#ports;
    const cost = {
      requests: (cluster?.requestCount() ?? 0) - requestsBefore,
      durationMs: Math.round(clock.monotonicNow() - this.#startedMs),
    };
    const plans = targets.flatMap((target) => this.#plans.get(keyOf(target)) ?? []);
    const decisions = targets.flatMap((target) => this.#decisions.get(keyOf(target)) ?? []);
    return { report: { summary: summarize(targets, cost), targets }, plans, decisions };
  }
}

const NOTHING_LOADED: LoadedState = { kind: 'missing', states: new Map(), notes: [] };

const NOT_FOUND: ApiFailure = {
  reason: 'NotFound',
  httpStatus: 404,
  message: 'there is no cluster',
  outcomeUnknown: false,
};

/** Where there is no cluster, nothing exists, and nothing can be written. */
const EMPTY_STORE: ObjectStore = {
  list: async () => ({ ok: true, value: { resourceVersion: '', items: [] }, created: false, warnings: [] }),
  get: async () => ({ ok: false, failure: NOT_FOUND }),
  create: () => Promise.reject(new Error('there is no cluster to write to')),
  replace: () => Promise.reject(new Error('there is no cluster to write to')),
  apply: () => Promise.reject(new Error('there is no cluster to write to')),
  patch: () => Promise.reject(new Error('there is no cluster to write to')),
  delete: () => Promise.reject(new Error('there is no cluster to write to')),
  watch: () => {
    throw new Error('there is no cluster to watch');
  },
};

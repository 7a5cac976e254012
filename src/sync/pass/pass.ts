import type { ApiFailure, ObjectStore } from '../../cluster/object-store.ts';
import { readCluster } from '../../cluster/read-cluster.ts';
import {
  doesWithoutRanges,
  type RangesReading,
  rangesNotes,
  readServiceRanges,
  type ServiceRangesNote,
} from '../../cluster/service-ranges.ts';
import type { Decision } from '../../decide/decide.ts';
import type { ObjectPlan } from '../../plan/object-plan.ts';
import { type LoadedState, nextState, type StateNote, type StateStore } from '../../state/sync-state.ts';
import { instantOf } from '../../time/clock.ts';
import { deadlineAfter } from '../../time/deadline.ts';
import type { SyncReport } from '../sync-report.ts';
import { type Observers, type OnProgress, observeTargets } from './observe.ts';
import { untilDeadline } from './pass-deadline.ts';
import { PassDecider } from './pass-decider.ts';
import { reportPass } from './pass-report.ts';
import type { PassRequest } from './pass-request.ts';
import { PassSettler } from './pass-settler.ts';

export interface PassPorts extends Observers {
  readonly store: ObjectStore;
  readonly state: StateStore;
  /** How many requests were sent so far. */
  readonly requestCount: () => number;
}

export type PassNote = StateNote | ServiceRangesNote;

export type PassResult =
  | {
      readonly ok: true;
      readonly report: SyncReport;
      /** As decided, with the changes field by field; in the order of the report. */
      readonly plans: readonly ObjectPlan[];
      /** What is to be told and belongs to no single target. */
      readonly notes: readonly PassNote[];
    }
  /** The cluster could not be reached or refused us altogether: nothing was done. */
  | { readonly ok: false; readonly failure: ApiFailure };

/**
 * One pass. Each target is decided and written as soon as it has been looked at, unless that would drain anything:
 * such decisions wait until everything has been seen, because only then the guard over all of them can tell an
 * outage from blindness. What has left the list goes last, too.
 */
export async function pass(
  request: PassRequest,
  ports: PassPorts,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<PassResult> {
  const deadline = deadlineAfter(request.limits.writingTimeoutMs, ports.clock, OUT_OF_TIME);
  try {
    const store = untilDeadline(ports.store, deadline.signal);
    return await passInTime(request, { ...ports, store }, onProgress, signal);
  } finally {
    await deadline.end();
  }
}

const OUT_OF_TIME = new Error('the time for writing is over');

async function passInTime(
  request: PassRequest,
  ports: PassPorts,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<PassResult> {
  const startedMs = ports.clock.monotonicNow();
  const requestsBefore = ports.requestCount();
  const settler = new PassSettler(request, ports, onProgress, signal);
  const reading = Promise.all([
    readCluster(request.targets, request.options.instance, ports.store, signal),
    ports.state.load(signal),
    readServiceRanges(ports.store, signal),
  ]);
  let decider: PassDecider | undefined;
  const known = reading.then(([cluster, loaded, ranges]) => {
    if (!cluster.ok || obstacleIn(ranges) !== undefined) return undefined;
    const guards = { ...request.guards, serviceCidrs: ranges.ok ? ranges.cidrs : [] };
    decider = new PassDecider({ ...request, guards }, cluster.view, loaded, ports.clock);
    return decider.before;
  });
  const begin = (decision: Decision | undefined, by: PassDecider) => {
    if (decision !== undefined) settler.begin(decision, (key) => by.existingOf(key));
  };
  const { targets, limits } = request;
  const health = await observeTargets(
    {
      targets,
      limits,
      known,
      onObserved(moment, healthOf) {
        // `known` came before anything could be observed, and with it the decider.
        if (decider !== undefined) begin(decider.decideEarly(moment, healthOf), decider);
      },
    },
    ports,
    onProgress,
    signal,
  );
  const [cluster, loaded, ranges] = await reading;
  if (!cluster.ok) return cluster;
  const obstacle = obstacleIn(ranges);
  if (obstacle !== undefined) return { ok: false, failure: obstacle };
  if (decider === undefined) throw new Error('the cluster was read, and nobody decides');
  begin(decider.decideRest(health), decider);
  const results = await settler.done();
  const decision = settler.newest(decider.decision);
  const notes: PassNote[] = [...loaded.notes, ...(ranges.ok ? [] : rangesNotes(ranges.failure))];
  if (request.mode === 'write' && isSavable(loaded)) {
    notes.push(...(await ports.state.save(nextState(decision, health), signal)));
  }
  const cost = {
    requests: ports.requestCount() - requestsBefore,
    durationMs: Math.round(ports.clock.monotonicNow() - startedMs),
  };
  return {
    ok: true,
    report: reportPass(targets, decision, results, cluster.view, cost, instantOf(ports.clock)),
    plans: [...decision.targets.map(({ plan }) => plan), ...decision.removals],
    notes,
  };
}

/** Why nothing can be decided. */
function obstacleIn(ranges: RangesReading): ApiFailure | undefined {
  return ranges.ok || doesWithoutRanges(ranges.failure) ? undefined : ranges.failure;
}

/** Where nothing can be kept nothing is saved; and what could not be read must not be overwritten. */
function isSavable({ kind }: LoadedState): boolean {
  return kind !== 'unusable' && kind !== 'unreachable';
}

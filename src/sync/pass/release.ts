import type { ApiFailure, ObjectStore } from '../../cluster/object-store.ts';
import { readService } from '../../cluster/read-cluster.ts';
import { keyOf } from '../../model/target.ts';
import type { ExistingObjects } from '../../plan/existing-objects.ts';
import { planRelease } from '../../plan/plan-release.ts';
import type { TargetPlan } from '../../plan/plan-target.ts';
import type { StateNote, StateStore } from '../../state/sync-state.ts';
import type { Clock } from '../../time/clock.ts';
import {
  type ApplyFailure,
  type ApplyPorts,
  type ApplyResult,
  applyPlan,
  DEFAULT_APPLY_LIMITS,
  newApplySlots,
} from '../apply-plan.ts';
import { actionReport, type SyncReport, summarize, type TargetReport } from '../sync-report.ts';

export interface ReleaseRequest {
  readonly services: readonly ServiceName[];
  readonly instance: string;
  /** Hand the Services over to the Pods with these labels. Absent: leave everything as it stands. */
  readonly selector?: Readonly<Record<string, string>>;
  /** How long to wait for each step that another controller takes. */
  readonly waitMs: number;
}

export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

export interface ReleasePorts {
  readonly store: ObjectStore;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly requestCount: () => number;
}

export interface ReleaseResult {
  readonly report: SyncReport;
  readonly notes: readonly StateNote[];
}

/** Gives Services back: each for itself, so that one that has to wait delays no other. */
export async function release(
  request: ReleaseRequest,
  ports: ReleasePorts,
  signal: AbortSignal,
): Promise<ReleaseResult> {
  const { clock, requestCount } = ports;
  const startedMs = clock.monotonicNow();
  const requestsBefore = requestCount();
  const settling = { ...ports, turns: newApplySlots() };
  const targets = await Promise.all(
    request.services.map((service) => releaseOne(service, request, settling, signal)),
  );
  const released = targets.filter(({ phase }) => phase === 'Orphaned');
  const notes = await forget(released, ports.state, signal);
  const durationMs = Math.round(clock.monotonicNow() - startedMs);
  const cost = { requests: requestCount() - requestsBefore, durationMs };
  return { report: { summary: summarize(targets, cost), targets }, notes };
}

async function releaseOne(
  service: ServiceName,
  { instance, selector, waitMs }: ReleaseRequest,
  ports: ApplyPorts,
  signal: AbortSignal,
): Promise<TargetReport> {
  const read = await ports.turns.writing.run(() => readService(service, ports.store, signal));
  if (!read.ok) return reportOf(service, undefined, failed(read.failure));
  const plan = (existing: ExistingObjects): TargetPlan => ({
    plan: planRelease({ ...service, existing, instance, ...(selector === undefined ? {} : { selector }) }),
    assessments: [],
  });
  const options = {
    ...DEFAULT_APPLY_LIMITS,
    continuationTimeoutMs: waitMs,
    instance,
    dryRun: false,
  };
  const result = await applyPlan(plan(read.value), read.value, plan, ports, options, signal);
  return reportOf(service, result, result.failure);
}

function failed({ reason, message }: ApiFailure): ApplyFailure {
  return { phase: 'Failed', reason, message };
}

function reportOf(
  { namespace, name }: ServiceName,
  result: ApplyResult | undefined,
  failure: ApplyFailure | undefined,
): TargetReport {
  const outcome = failure ?? result?.last.plan;
  if (outcome === undefined) throw new Error(`nothing is known of ${namespace}/${name}`);
  const { phase, reason, message } = outcome;
  const warnings = result?.warnings ?? [];
  return {
    namespace,
    name,
    phase,
    reason,
    message,
    endpoints: [],
    actions: (result?.written ?? []).map(actionReport),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
}

/** What the names of a target stood for says nothing any more when it comes back to a list one day. */
async function forget(
  released: readonly ServiceName[],
  state: StateStore,
  signal: AbortSignal,
): Promise<readonly StateNote[]> {
  if (released.length === 0) return [];
  const loaded = await state.load(signal);
  const keys = new Set(released.map(keyOf));
  const names = new Map([...loaded.state.names].filter(([key]) => !keys.has(key)));
  if (loaded.kind !== 'found' || names.size === loaded.state.names.size) return loaded.notes;
  return [...loaded.notes, ...(await state.save({ ...loaded.state, names }, signal))];
}

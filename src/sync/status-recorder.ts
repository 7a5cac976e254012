import type { EventSink } from '../cluster/event-sink.ts';
import type { Assessment } from '../endpoint/assessment.ts';
import { BoundedMap } from '../model/bounded-map.ts';
import type { Log } from '../model/log.ts';
import type { Action } from '../plan/object-plan.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import { NO_BACK_OFF } from '../time/back-off.ts';
import { type Clock, instantOf } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { type ApplyFailure, waitedTooLong } from './apply-plan.ts';
import type { Metrics } from './metrics.ts';
import {
  actionReport,
  type EndpointReport,
  endpointReports,
  isOverridden,
  isTrouble,
  type TargetReport,
} from './sync-report.ts';
import type { TargetRecord, Wait, Written } from './target-record.ts';

const CONFLICT_BACK_OFF = {
  reason: 'Contended',
  message:
    'another writer keeps undoing the same repair; the next repair waits, longer each time; everything else goes on',
} as const;

const NOTHING_WRITTEN: Written = { actions: [], warnings: [] };

interface StatusRecorderPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly events: EventSink;
}

/** Keeps on each record what became of it, and reports what a person would want to know: changes, not states. */
export class StatusRecorder {
  readonly #ports: StatusRecorderPorts;
  /** By target key: the writes repair what another writer keeps undoing. */
  readonly #backingOff = new Set<string>();
  /** Why objects are kept, by text; each is logged once. */
  readonly #keptReported = new BoundedMap<string, true>(1_000);

  constructor(ports: StatusRecorderPorts) {
    this.#ports = ports;
  }

  /** Writes that were made, as they are made. */
  recordWrites(
    record: TargetRecord,
    actions: readonly Action[],
    warnings: readonly string[],
    nowMs: number,
  ): void {
    const { log, metrics } = this.#ports;
    for (const { verb, kind, name, reason } of actions) {
      metrics.wrote(verb, kind);
      log.info(reason, `${verb} ${kind} ${record.namespace}/${name}`, { target: record.key, verb, kind });
    }
    for (const warning of warnings) log.warn('ApiWarning', warning, { target: record.key });
    if (this.#noteRepairs(record, actions, nowMs)) this.#backingOff.add(record.key);
  }

  /** Everything that there was to write is written. */
  recordApplied(record: TargetRecord, { plan, assessments }: TargetPlan, all: Written, nowMs: number): void {
    const isBackingOff = this.#backingOff.delete(record.key);
    const outcome = isBackingOff ? { phase: plan.phase, ...CONFLICT_BACK_OFF } : plan;
    this.#setReport(record, outcome, this.#endpoints(assessments), all);
    if (all.actions.length > 0) this.#ports.metrics.appliedAfter(nowMs - record.decidedForMs);
  }

  recordFailed(record: TargetRecord, { assessments }: TargetPlan, failure: ApplyFailure, all: Written): void {
    this.#backingOff.delete(record.key);
    this.#setReport(record, failure, this.#endpoints(assessments), all);
  }

  /** There was nothing to do. */
  recordUnchanged(record: TargetRecord, { plan, assessments }: TargetPlan): void {
    this.#setReport(record, plan, this.#endpoints(assessments), {
      actions: record.progress.written,
      warnings: record.progress.warnings,
    });
    record.backOff = NO_BACK_OFF;
    record.forgetDrift();
  }

  /** What would be done. */
  recordPlanned(record: TargetRecord, { plan, assessments }: TargetPlan): void {
    this.#setReport(record, plan, this.#endpoints(assessments), { actions: plan.actions, warnings: [] });
  }

  /** All there is to do is what another writer keeps changing back: it waits. */
  recordBackingOff(record: TargetRecord, { plan, assessments }: TargetPlan): void {
    this.#setReport(record, { phase: plan.phase, ...CONFLICT_BACK_OFF }, this.#endpoints(assessments));
  }

  /** Another controller did not act in time. */
  recordWaitedTooLong(record: TargetRecord, { assessments }: TargetPlan, until: Wait['until']): void {
    this.#setReport(record, waitedTooLong(until), this.#endpoints(assessments), {
      actions: record.progress.written,
      warnings: record.progress.warnings,
    });
  }

  recordUnreadable(record: TargetRecord, { phase, reason, message }: ApplyFailure): void {
    const { written, warnings } = record.progress;
    const endpoints = record.report?.endpoints ?? [];
    this.#setReport(record, { phase, reason, message }, endpoints, { actions: written, warnings });
  }

  #endpoints(assessments: readonly Assessment[]): EndpointReport[] {
    return endpointReports(assessments, instantOf(this.#ports.clock));
  }

  #setReport(
    record: TargetRecord,
    { phase, reason, message }: Pick<TargetReport, 'phase' | 'reason' | 'message'>,
    endpoints: readonly EndpointReport[],
    { actions, warnings }: Written = NOTHING_WRITTEN,
  ): void {
    const { namespace, name } = record;
    const reported = { actions: actions.map(actionReport), ...(warnings.length === 0 ? {} : { warnings }) };
    const next = { namespace, name, phase, reason, message, endpoints, ...reported };
    this.#reportChanges(record, next);
    record.report = next;
  }

  /** Whether one of the writes repairs what another writer keeps undoing. */
  #noteRepairs(record: TargetRecord, written: readonly Action[], nowMs: number): boolean {
    let isContended = false;
    for (const action of written) {
      const { kind, name, verb } = action;
      const by = record.drifts.get(`${kind}/${name}`);
      if (by === undefined) continue;
      this.#ports.metrics.repaired(kind);
      const nextAtMs = record.conflicts.noteRepair(action, nowMs, this.#ports.random);
      const pauseMs = Math.round(nextAtMs - nowMs);
      const fields = {
        target: record.key,
        verb,
        kind,
        object: name,
        by,
        ...(pauseMs > 0 ? { pauseMs } : {}),
      };
      const note = repairNote(action, by);
      this.#ports.log.info('DriftRepaired', note, fields);
      this.#record(record, 'Normal', 'DriftRepaired', note);
      if (pauseMs <= 0) continue;
      isContended = true;
      record.requeueAtMs = Math.min(record.requeueAtMs, nextAtMs);
    }
    return isContended;
  }

  /** One line when a target's phase or reason changes, one for each address whose readiness, or the right to it, does. */
  #reportChanges(record: TargetRecord, next: TargetReport): void {
    const before = record.report;
    const known = new Map(before?.endpoints.map((each) => [each.address, each]));
    for (const endpoint of next.endpoints) {
      if (isNews(endpoint, known.get(endpoint.address))) this.#reportAddress(record, endpoint);
    }
    if (before?.phase === next.phase && before.reason === next.reason) return;
    const text = next.message === '' ? next.phase : `${next.phase}: ${next.message}`;
    const fields = { target: record.key, phase: next.phase };
    if (isTrouble(next) || next.reason === CONFLICT_BACK_OFF.reason) {
      this.#ports.log.warn(next.reason, text, fields);
      this.#record(record, 'Warning', next.reason, text);
    } else if (next.phase !== 'Kept' || this.#isFirstKept(text)) {
      this.#ports.log.info(next.reason, text, fields);
    }
  }

  /** Another list may have published thousands of Services: one line covers all. */
  #isFirstKept(text: string): boolean {
    if (this.#keptReported.get(text) === true) return false;
    this.#keptReported.set(text, true);
    return true;
  }

  #reportAddress(record: TargetRecord, endpoint: EndpointReport): void {
    const { address, ready, reason, message, source } = endpoint;
    const isFine = ready && !isOverridden(endpoint);
    const state = isFine ? 'is ready' : ready ? 'stays ready' : 'is not ready';
    const why = message === '' ? '' : `: ${message}`;
    const fields = { target: record.key, address, source, ready };
    if (isFine) this.#ports.log.info(reason, `address ${state}`, fields);
    else this.#ports.log.warn(reason, `address ${state}${why}`, fields);
    this.#record(record, isFine ? 'Normal' : 'Warning', reason, `${address} (${source}) ${state}${why}`);
  }

  /** On the Service, and only by the replica that writes: the others know the same. */
  #record(record: TargetRecord, type: 'Normal' | 'Warning', reason: string, note: string): void {
    const { namespace, name, existing } = record;
    const uid = existing?.service?.metadata.uid;
    this.#ports.events.record({
      subject: { apiVersion: 'v1', kind: 'Service', namespace, name, ...(uid === undefined ? {} : { uid }) },
      type,
      reason,
      action: 'Sync',
      note,
    });
  }
}

/** That an address is ready in spite of its verdict is news, although nothing was written. */
function isNews(endpoint: EndpointReport, before: EndpointReport | undefined): boolean {
  if (before === undefined) return isOverridden(endpoint);
  return before.ready !== endpoint.ready || isOverridden(before) !== isOverridden(endpoint);
}

function repairNote(action: Action, by: string): string {
  const object = `${action.kind} ${action.name}`;
  if (action.verb === 'create') return `${by} deleted ${object}; it was created again`;
  if (action.verb === 'delete') return `${by} created ${object} beside ours; it was deleted`;
  return `${by} changed ${object}${changedFields(action)}; it was changed back`;
}

const MAX_FIELDS_TOLD = 3;

/** ` (spec.ports[5432/TCP].targetPort)`; nothing where the object was gone or should not be there. */
function changedFields(action: Action): string {
  const paths = 'changes' in action ? action.changes.map(({ path }) => path) : [];
  if (paths.length === 0) return '';
  const more = paths.length > MAX_FIELDS_TOLD ? ', …' : '';
  return ` (${paths.slice(0, MAX_FIELDS_TOLD).join(', ')}${more})`;
}

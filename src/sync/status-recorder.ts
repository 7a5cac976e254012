import type { EventSink } from '../cluster/event-sink.ts';
import type { ApiFailure } from '../cluster/object-store.ts';
import { type Assessment, readyAddressCount } from '../endpoint/assessment.ts';
import type { Log } from '../model/log.ts';
import { servedReadiness } from '../plan/existing-objects.ts';
import type { Action } from '../plan/object-plan.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import { backOffAfter, NO_BACK_OFF } from '../time/back-off.ts';
import { type Clock, instantOf } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { Settlement } from './apply-plan.ts';
import { isServerAway } from './apply-queue.ts';
import type { Metrics } from './metrics.ts';
import { recheckAtMs } from './requeue.ts';
import {
  actionReport,
  type EndpointReport,
  endpointReports,
  isTrouble,
  type TargetReport,
} from './sync-report.ts';
import { forgetDrift, type TargetEntry } from './target-record.ts';

const CONTENDED = {
  reason: 'Contended',
  message:
    'somebody keeps undoing what is put right; the next repair waits, ever longer, and all else goes on',
} as const;

interface SettlementKeeperPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly events: EventSink;
}

/** Keeps on each entry what became of it, and tells what a person would want to know: changes, not states. */
export class SettlementKeeper {
  readonly #ports: SettlementKeeperPorts;

  constructor(ports: SettlementKeeperPorts) {
    this.#ports = ports;
  }

  /** A plan was carried out, or failed. */
  keep(entry: TargetEntry, settlement: Settlement): void {
    const nowMs = this.#ports.clock.monotonicNow();
    const { failure, written, existing } = settlement;
    for (const { verb, kind, name, reason } of written) {
      this.#ports.metrics.wrote(verb, kind);
      this.#ports.log.info(reason, `${verb} ${kind} ${entry.namespace}/${name}`, {
        target: entry.key,
        verb,
        kind,
      });
    }
    for (const warning of settlement.warnings) {
      this.#ports.log.warn('ApiWarning', warning, { target: entry.key });
    }
    if (failure === undefined) entry.existing = existing;
    const isContended = this.#noteRepairs(entry, written, nowMs);
    const { plan, assessments } = settlement.last;
    const outcome = failure ?? (isContended ? { phase: plan.phase, ...CONTENDED } : plan);
    this.#report(entry, outcome, this.#endpoints(assessments), written);
    if (failure !== undefined) {
      // The plan came to nothing, or to a part: what takes traffic is what did before.
      entry.readyAddresses = readyAddressCount(assessments, servedReadiness(existing));
      // What exists is no longer certain; and a server that is away is the carrier's to wait for.
      entry.existing = undefined;
      entry.beforeDrift = undefined;
      if (!isServerAway(settlement)) entry.backOff = backOffAfter(entry.backOff, nowMs, this.#ports.random);
      return;
    }
    if (written.length > 0) this.#ports.metrics.settledAfter(nowMs - entry.decidedForMs);
    // It may have turned out to be in somebody's way only when it was carried out.
    entry.recheckAtMs = Math.min(entry.recheckAtMs, recheckAtMs(entry, plan, nowMs));
    entry.backOff = NO_BACK_OFF;
    forgetDrift(entry);
  }

  /** There was nothing to do. */
  keepAtRest(entry: TargetEntry, { plan, assessments }: TargetPlan): void {
    this.#report(entry, plan, this.#endpoints(assessments));
    entry.backOff = NO_BACK_OFF;
    forgetDrift(entry);
  }

  /** All there is to do is what somebody keeps undoing: it waits. */
  keepContended(entry: TargetEntry, { plan, assessments }: TargetPlan): void {
    this.#report(entry, { phase: plan.phase, ...CONTENDED }, this.#endpoints(assessments));
  }

  keepUnreadable(entry: TargetEntry, { reason, message }: ApiFailure): void {
    const text = `namespace ${entry.namespace} cannot be read: ${message}`;
    this.#report(entry, { phase: 'Failed', reason, message: text }, entry.report?.endpoints ?? []);
  }

  #endpoints(assessments: readonly Assessment[]): EndpointReport[] {
    return endpointReports(assessments, instantOf(this.#ports.clock));
  }

  #report(
    entry: TargetEntry,
    { phase, reason, message }: Pick<TargetReport, 'phase' | 'reason' | 'message'>,
    endpoints: readonly EndpointReport[],
    written: readonly Action[] = [],
  ): void {
    const { namespace, name } = entry;
    const next = { namespace, name, phase, reason, message, endpoints, actions: written.map(actionReport) };
    this.#tell(entry, next);
    entry.report = next;
  }

  /** Whether one of the writes put right what somebody keeps undoing. */
  #noteRepairs(entry: TargetEntry, written: readonly Action[], nowMs: number): boolean {
    let isContended = false;
    for (const action of written) {
      const { kind, name, verb } = action;
      const by = entry.drifts.get(`${kind}/${name}`);
      if (by === undefined) continue;
      this.#ports.metrics.repaired(kind);
      const nextAtMs = entry.contention.noteRepair(action, nowMs, this.#ports.random);
      const pauseMs = Math.round(nextAtMs - nowMs);
      const fields = { target: entry.key, verb, kind, object: name, by, ...(pauseMs > 0 ? { pauseMs } : {}) };
      const note = repairNote(action, by);
      this.#ports.log.info('DriftRepaired', note, fields);
      this.#record(entry, 'Normal', 'DriftRepaired', note);
      if (pauseMs <= 0) continue;
      isContended = true;
      entry.recheckAtMs = Math.min(entry.recheckAtMs, nextAtMs);
    }
    return isContended;
  }

  /** One line when a target's phase or reason changes, one for each address whose readiness, or the right to it, does. */
  #tell(entry: TargetEntry, next: TargetReport): void {
    const before = entry.report;
    const known = new Map(before?.endpoints.map((each) => [each.address, each]));
    for (const endpoint of next.endpoints) {
      if (isNews(endpoint, known.get(endpoint.address))) this.#tellAddress(entry, endpoint);
    }
    if (before?.phase === next.phase && before.reason === next.reason) return;
    const text = next.message === '' ? next.phase : `${next.phase}: ${next.message}`;
    const fields = { target: entry.key, phase: next.phase };
    if (isTrouble(next.phase) || next.reason === CONTENDED.reason) {
      this.#ports.log.warn(next.reason, text, fields);
      this.#record(entry, 'Warning', next.reason, text);
    } else {
      this.#ports.log.info(next.reason, text, fields);
    }
  }

  #tellAddress(entry: TargetEntry, endpoint: EndpointReport): void {
    const { address, ready, reason, message, source } = endpoint;
    const isFine = ready && !OVERRULED.has(reason);
    const state = isFine ? 'is ready' : ready ? 'stays ready' : 'is not ready';
    const why = message === '' ? '' : `: ${message}`;
    const fields = { target: entry.key, address, source, ready };
    if (isFine) this.#ports.log.info(reason, `address ${state}`, fields);
    else this.#ports.log.warn(reason, `address ${state}${why}`, fields);
    this.#record(entry, isFine ? 'Normal' : 'Warning', reason, `${address} (${source}) ${state}${why}`);
  }

  /** On the Service, and only by the replica that writes: the others know the same. */
  #record(entry: TargetEntry, type: 'Normal' | 'Warning', reason: string, note: string): void {
    const { namespace, name, existing } = entry;
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

/** Ready in spite of a verdict: somebody should know, although nothing was written. */
const OVERRULED: ReadonlySet<string> = new Set(['VantageSuspect', 'PanicMode']);

function isNews({ ready, reason }: EndpointReport, before: EndpointReport | undefined): boolean {
  if (before === undefined) return OVERRULED.has(reason);
  return before.ready !== ready || OVERRULED.has(before.reason) !== OVERRULED.has(reason);
}

function repairNote(action: Action, by: string): string {
  const object = `${action.kind} ${action.name}`;
  if (action.verb === 'create') return `${by} deleted ${object}; it is there again`;
  if (action.verb === 'delete') return `${by} put ${object} beside ours; it is gone again`;
  return `${by} changed ${object}${changedFields(action)}; put right`;
}

const MAX_FIELDS_TOLD = 3;

/** ` (spec.ports[5432/TCP].targetPort)`; nothing where the object was gone or should not be there. */
function changedFields(action: Action): string {
  const paths = 'changes' in action ? action.changes.map(({ path }) => path) : [];
  if (paths.length === 0) return '';
  const more = paths.length > MAX_FIELDS_TOLD ? ', …' : '';
  return ` (${paths.slice(0, MAX_FIELDS_TOLD).join(', ')}${more})`;
}

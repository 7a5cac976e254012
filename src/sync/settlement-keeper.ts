import type { TargetPlan } from '../plan/plan-target.ts';
import { type Clock, instantOf } from '../target/clock.ts';
import type { Random } from '../target/random.ts';
import { backOffAfter, NO_BACK_OFF } from './back-off.ts';
import type { EventSink } from './event-sink.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { ApiFailure } from './object-store.ts';
import { isServerAway } from './plan-carrier.ts';
import type { Settlement } from './settle.ts';
import { actionReport, endpointReports, isTrouble, type TargetReport } from './sync-report.ts';
import type { TargetEntry } from './target-entry.ts';

/** So many repairs of one target within the window are a war and no accident. */
const REPAIRS_OF_A_WAR = 5;
const WAR_WINDOW_MS = 60_000;

/** Keeps on each entry what became of it, and tells what a person would want to know: changes, not states. */
export class SettlementKeeper {
  private readonly ports: {
    readonly clock: Clock;
    readonly random: Random;
    readonly log: Log;
    readonly metrics: Metrics;
    readonly events: EventSink;
  };

  constructor(ports: SettlementKeeper['ports']) {
    this.ports = ports;
  }

  /** A plan was carried out, or failed. */
  keep(entry: TargetEntry, settlement: Settlement): void {
    const nowMs = this.ports.clock.monotonicNow();
    const { failure, written, existing } = settlement;
    for (const { verb, kind, name, reason } of written) {
      this.ports.metrics.wrote(verb, kind);
      this.ports.log.info(reason, `${verb} ${kind} ${entry.namespace}/${name}`, {
        target: entry.key,
        verb,
        kind,
      });
    }
    for (const warning of settlement.warnings) {
      this.ports.log.warn('ApiWarning', warning, { target: entry.key });
    }
    const { plan, assessments } = settlement.last;
    const report: TargetReport = {
      namespace: entry.namespace,
      name: entry.name,
      ...(failure === undefined
        ? { phase: plan.phase, reason: plan.reason, message: plan.message }
        : failure),
      endpoints: endpointReports(assessments, instantOf(this.ports.clock)),
      actions: written.map(actionReport),
    };
    this.tell(entry, report);
    entry.report = report;
    if (failure !== undefined) {
      // What exists is no longer certain; and a server that is away is the carrier's to wait for.
      entry.existing = undefined;
      if (!isServerAway(settlement)) entry.backOff = backOffAfter(entry.backOff, nowMs, this.ports.random);
      return;
    }
    if (written.length > 0) this.ports.metrics.settledAfter(nowMs - entry.decidedForMs);
    entry.existing = existing;
    entry.backOff = NO_BACK_OFF;
    if (entry.drifted && written.length > 0) this.noteRepair(entry, nowMs);
    entry.drifted = false;
  }

  /** There was nothing to do. */
  keepAtRest(entry: TargetEntry, { plan, assessments }: TargetPlan): void {
    const report: TargetReport = {
      namespace: entry.namespace,
      name: entry.name,
      phase: plan.phase,
      reason: plan.reason,
      message: plan.message,
      endpoints: endpointReports(assessments, instantOf(this.ports.clock)),
      actions: [],
    };
    this.tell(entry, report);
    entry.report = report;
    entry.backOff = NO_BACK_OFF;
    entry.drifted = false;
  }

  keepUnreadable(entry: TargetEntry, failure: ApiFailure): void {
    const report: TargetReport = {
      namespace: entry.namespace,
      name: entry.name,
      phase: 'Failed',
      reason: failure.reason,
      message: `namespace ${entry.namespace} cannot be read: ${failure.message}`,
      endpoints: entry.report?.endpoints ?? [],
      actions: [],
    };
    this.tell(entry, report);
    entry.report = report;
  }

  /** Somebody writes back what we put right: that must not become a war at the API server's expense. */
  private noteRepair(entry: TargetEntry, nowMs: number): void {
    entry.repairsMs = [...entry.repairsMs.filter((atMs) => atMs > nowMs - WAR_WINDOW_MS), nowMs];
    const count = entry.repairsMs.length;
    this.ports.log.info('DriftRepaired', 'somebody changed the objects; put right', {
      target: entry.key,
      count,
    });
    if (count < REPAIRS_OF_A_WAR) return;
    const pause = backOffAfter(
      { failures: count + 1 - REPAIRS_OF_A_WAR + 4, untilMs: 0 },
      nowMs,
      this.ports.random,
    );
    entry.backOff = pause;
    this.ports.log.warn(
      'Contended',
      'somebody keeps changing the objects back; waiting before the next repair',
      {
        target: entry.key,
        repairs: count,
        pauseMs: Math.round(pause.untilMs - nowMs),
      },
    );
    if (entry.report !== undefined) {
      entry.report = {
        ...entry.report,
        reason: 'Contended',
        message: 'somebody keeps changing the objects back',
      };
    }
  }

  /** One line when a target's phase or reason changes, one for each address whose readiness does. */
  private tell(entry: TargetEntry, next: TargetReport): void {
    const before = entry.report;
    const known = new Map(before?.endpoints.map((each) => [each.address, each]));
    for (const { address, ready, reason, message, source } of next.endpoints) {
      const previous = known.get(address);
      if (previous === undefined || previous.ready === ready) continue;
      const fields = { target: entry.key, address, source, ready };
      if (ready) this.ports.log.info(reason, 'address is ready', fields);
      else this.ports.log.warn(reason, `address is not ready: ${message}`, fields);
      const note = `${address} (${source}) is ${ready ? 'ready' : 'not ready'}${message === '' ? '' : `: ${message}`}`;
      this.record(entry, ready ? 'Normal' : 'Warning', reason, note);
    }
    if (before?.phase === next.phase && before.reason === next.reason) return;
    const text = next.message === '' ? next.phase : `${next.phase}: ${next.message}`;
    const fields = { target: entry.key, phase: next.phase };
    if (isTrouble(next.phase)) {
      this.ports.log.warn(next.reason, text, fields);
      this.record(entry, 'Warning', next.reason, text);
    } else {
      this.ports.log.info(next.reason, text, fields);
    }
  }

  /** On the Service, and only by the replica that writes: the others know the same. */
  private record(entry: TargetEntry, type: 'Normal' | 'Warning', reason: string, note: string): void {
    const { namespace, name, existing } = entry;
    const uid = existing?.service?.metadata.uid;
    this.ports.events.record({
      subject: { apiVersion: 'v1', kind: 'Service', namespace, name, ...(uid === undefined ? {} : { uid }) },
      type,
      reason,
      action: 'Sync',
      note,
    });
  }
}

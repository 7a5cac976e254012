import type { Assessment, HeldBecause } from '../endpoint/assessment.ts';
import { SUSPENDED } from '../endpoint/drain-guard.ts';
import { LAST_READY_SILENT } from '../endpoint/last-ready.ts';
import type { Action, PlanPhase } from '../plan/object-plan.ts';
import type { Instant } from '../time/clock.ts';

/** What a pass did, or would do: the one object that `sync -o json` and `plan -o json` print. */
export interface SyncReport {
  readonly summary: SyncSummary;
  /** In the order of the list; what left the list comes after. */
  readonly targets: readonly TargetReport[];
}

export interface SyncSummary {
  readonly targets: number;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  /** Targets for which nothing had to be written. */
  readonly unchanged: number;
  readonly refused: number;
  readonly failed: number;
  /** HTTP requests to the API server. */
  readonly requests: number;
  readonly durationMs: number;
}

/** `Failed`: the cluster refused a write, or the target has not a single ready address. */
export type TargetPhase = PlanPhase | 'Failed';

export interface TargetReport {
  readonly namespace: string;
  readonly name: string;
  readonly phase: TargetPhase;
  readonly reason: string;
  readonly message: string;
  readonly endpoints: readonly EndpointReport[];
  readonly actions: readonly ActionReport[];
  /** Warnings of the API server about the writes. */
  readonly warnings?: readonly string[];
}

export interface EndpointReport {
  readonly address: string;
  readonly ready: boolean;
  readonly reason: string;
  readonly message: string;
  /** `host db.corp.example`, `srv …`, or `address`. */
  readonly source: string;
  readonly latencyMs?: number;
  /** ISO 8601, where the check saw a certificate. */
  readonly certificateValidUntil?: string;
  /** Why it is still there although its name no longer gives it. */
  readonly held?: HoldReport;
  /** Per port, where the ports of one address disagree. */
  readonly ports?: readonly {
    readonly name: string;
    readonly port: number;
    readonly ready: boolean;
    readonly reason: string;
  }[];
}

export interface HoldReport {
  readonly reason: string;
  readonly message: string;
  /** ISO 8601 on the wall clock; null for `forever`. */
  readonly until: string | null;
}

export interface ActionReport {
  readonly verb: 'create' | 'update' | 'delete';
  readonly kind: string;
  readonly name: string;
  readonly reason: string;
}

export function endpointReports(assessments: readonly Assessment[], now: Instant): EndpointReport[] {
  return assessments.map((assessment) => endpointReport(assessment, now));
}

/** One address with the verdict that people ask for: ready only if every port is, with the worst port's reason. */
function endpointReport(assessment: Assessment, now: Instant): EndpointReport {
  const { ports, held } = assessment;
  const overruled = ports.find((port) => port.health?.verdict === 'unhealthy');
  const telling = ports.find((port) => !port.ready) ?? overruled ?? ports[0];
  if (telling === undefined) throw new Error(`address ${assessment.address} has no port`);
  const mixed = ports.some((port) => port.ready) && ports.some((port) => !port.ready);
  const { latencyMs, certificateValidUntilWallMs: until } = telling.health ?? {};
  return {
    address: assessment.address,
    ready: telling.ready,
    reason: telling.reason,
    message: telling.message,
    source: assessment.source,
    ...(latencyMs === undefined ? {} : { latencyMs: Math.round(latencyMs * 10) / 10 }),
    ...(until === undefined ? {} : { certificateValidUntil: new Date(until).toISOString() }),
    ...(held === undefined ? {} : { held: holdReport(held, now) }),
    ...(mixed
      ? { ports: ports.map(({ name, port, ready, reason }) => ({ name, port, ready, reason })) }
      : {}),
  };
}

function holdReport({ reason, message, untilMs }: HeldBecause, now: Instant): HoldReport {
  const until = new Date(now.wallMs + untilMs - now.monotonicMs);
  return { reason, message, until: Number.isNaN(until.getTime()) ? null : until.toISOString() };
}

export function actionReport({ verb, kind, name, reason }: Action): ActionReport {
  return { verb, kind, name, reason };
}

/** Adds up what the targets' reports say. */
export function summarize(
  targets: readonly TargetReport[],
  cost: Pick<SyncSummary, 'requests' | 'durationMs'>,
): SyncSummary {
  const actions = targets.flatMap((target) => target.actions);
  const count = (verb: ActionReport['verb']) => actions.filter((action) => action.verb === verb).length;
  const inPhase = (...phases: TargetPhase[]) => targets.filter(({ phase }) => phases.includes(phase)).length;
  return {
    targets: targets.length,
    created: count('create'),
    updated: count('update'),
    deleted: count('delete'),
    unchanged: targets.filter((target) => target.actions.length === 0 && !isTrouble(target)).length,
    refused: inPhase('Refused'),
    failed: inPhase('Failed', 'NotReady', 'Pending'),
    ...cost,
  };
}

const TROUBLED: ReadonlySet<TargetPhase> = new Set(['Refused', 'Failed', 'NotReady', 'Pending']);

/** Published, and what is served was found unhealthy. */
const DOUBTFUL: ReadonlySet<string> = new Set(['DrainSuspended', LAST_READY_SILENT]);

/** Makes the exit code 3: a person should look. */
export function isTrouble({ phase, reason }: Pick<TargetReport, 'phase' | 'reason'>): boolean {
  return TROUBLED.has(phase) || DOUBTFUL.has(reason);
}

const OVERRIDDEN: ReadonlySet<string> = new Set([SUSPENDED, LAST_READY_SILENT, 'PanicMode']);

/** The address is ready in spite of its verdict. */
export function isOverridden({ reason }: Pick<EndpointReport, 'reason'>): boolean {
  return OVERRIDDEN.has(reason);
}

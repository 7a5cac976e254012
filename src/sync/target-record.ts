import type { AnsweredName, NameMemory } from '../endpoint/name-memory.ts';
import type { Sources } from '../endpoint/recovery.ts';
import type { KubeObject } from '../manifest/kube-object.ts';
import type { Target } from '../model/target.ts';
import type { ExistingObjects } from '../plan/existing-objects.ts';
import { type BackOff, NO_BACK_OFF } from '../time/back-off.ts';
import { ConflictBackOff } from './conflict-back-off.ts';
import type { TargetReport } from './sync-report.ts';

/** What the worker knows of one Service: of a target of the list, or of something of ours that left it. */
export interface TargetRecord {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** Undefined: the list has no such target (any more). */
  target: Target | undefined;
  /** Undefined: to be read before the next decision. */
  existing: ExistingObjects | undefined;
  /** What existed when it last came up for decision; undefined: it never has. */
  existingBefore: ExistingObjects | undefined;
  memory: NameMemory | undefined;
  /** Where what is published may have come from, as of the decision before. */
  sources: Sources;
  /** Another process has made that decision. */
  recoversPublished: boolean;
  /** The newest answer for each name, by source key. */
  readonly answers: Map<string, AnsweredName>;
  /** Since when it waits to be decided again, on the monotonic clock; undefined while it is at rest. */
  dirtySinceMs: number | undefined;
  /** Since when it had waited for the decision that is carried out now. */
  decidedForMs: number;
  /** A target that is new waits so long for first answers and verdicts, to be written once and not twice. */
  initialGraceUntilMs: number;
  /** It is being read or its plan is being carried out. */
  busy: boolean;
  /** Objects that were seen to change while it was busy: judged when it is done. */
  readonly deferredEvents: ObjectEvent[];
  /** What somebody else changed, by `Kind/name`, with who that was; whatever is written next puts it right. */
  readonly drifts: Map<string, string>;
  /** What was known to exist before somebody changed it, until it is decided again. */
  beforeDrift: ExistingObjects | undefined;
  readonly conflicts: ConflictBackOff;
  /** When time alone will change something. */
  nextChangeAtMs: number;
  /** When to read again what others may have cleared out of the way. */
  requeueAtMs: number;
  /** How many addresses were ready after the last decision. */
  readyAddresses: number;
  backOff: BackOff;
  report: TargetReport | undefined;
}

export interface ObjectEvent {
  readonly object: KubeObject;
  readonly deleted: boolean;
}

export function newRecord(namespace: string, name: string): TargetRecord {
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    target: undefined,
    existing: undefined,
    existingBefore: undefined,
    memory: undefined,
    sources: [],
    recoversPublished: false,
    answers: new Map(),
    dirtySinceMs: undefined,
    decidedForMs: 0,
    initialGraceUntilMs: Number.NEGATIVE_INFINITY,
    busy: false,
    deferredEvents: [],
    drifts: new Map(),
    beforeDrift: undefined,
    conflicts: new ConflictBackOff(),
    nextChangeAtMs: Number.POSITIVE_INFINITY,
    requeueAtMs: Number.POSITIVE_INFINITY,
    readyAddresses: 0,
    backOff: NO_BACK_OFF,
    report: undefined,
  };
}

/** What was seen of it is decided, or is too uncertain to tell who did what. */
export function forgetDrift(record: TargetRecord): void {
  record.drifts.clear();
  record.beforeDrift = undefined;
}

/** Whether a sighting says nothing that the entry does not know: its own write come back, or an old event. */
export function isNews(record: TargetRecord, { object, deleted }: ObjectEvent): boolean {
  const known = knownObject(record, object.kind, object.metadata.name);
  if (deleted) return known !== undefined && known.metadata.uid === object.metadata.uid;
  if (known === undefined) return true;
  return Number(object.metadata.resourceVersion) > Number(known.metadata.resourceVersion);
}

function knownObject(
  { existing: now, beforeDrift }: TargetRecord,
  kind: string,
  name: string,
): KubeObject | undefined {
  const existing = now ?? beforeDrift;
  if (kind === 'Service') return existing?.service;
  if (kind === 'Endpoints') return existing?.endpoints;
  return existing?.slices.find((slice) => slice.metadata.name === name);
}

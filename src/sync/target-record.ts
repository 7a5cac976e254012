import type { TargetDecision } from '../decide/decide.ts';
import { isEveryServedAddressAssessed } from '../decide/served-addresses.ts';
import { sourceKey } from '../endpoint/candidate.ts';
import type { AnsweredName, NameMemory } from '../endpoint/name-memory.ts';
import type { Sources } from '../endpoint/recovery.ts';
import type { KubeObject } from '../manifest/kube-object.ts';
import type { Target } from '../model/target.ts';
import type { ExistingObjects } from '../plan/existing-objects.ts';
import type { Action, Continuation } from '../plan/object-plan.ts';
import type { RemovalInput } from '../plan/plan-removal.ts';
import { type BackOff, NO_BACK_OFF } from '../time/back-off.ts';
import { ConflictBackOff } from './conflict-back-off.ts';
import type { TargetReport } from './sync-report.ts';

/**
 * The state of a record. `add()` brings it back from `idle` and `waiting`; while it is being read, decided or applied
 * it remembers the request, and comes back when that has ended.
 *
 *     idle ─add─▶ queued ─▶ reading ─▶ ready ─▶ deciding ─▶ decided ─▶ applying ─▶ idle
 *      ▲            ▲          │         ▲          │          │           │
 *      │            ├──────────┘         └──────────┴──────────┘           │
 *      │            │ unreadable           postponed   overtaken           │
 *      │            └──────────────── conflict, or the next step needs a new read
 *      └── waiting ◀──────────────────────────────────────────── another controller acts next
 */
export type RecordState =
  | 'idle'
  | 'queued'
  | 'reading'
  | 'ready'
  | 'deciding'
  | 'decided'
  | 'applying'
  | 'waiting';

/** An object that a watch or a list has shown. */
export interface ObjectEvent {
  readonly object: KubeObject;
  readonly deleted: boolean;
}

/** What happened to a record since it was last idle: one reconciliation may take several writes. */
export interface RecordProgress {
  /** How often the objects were not what the plan was made from. */
  readonly conflicts: number;
  /** How many plans were written that had a next step. */
  readonly steps: number;
  /** How often the objects were read again only because the plan makes a slice beside others. */
  readonly rereads: number;
  readonly written: readonly Action[];
  readonly warnings: readonly string[];
}

/**
 * What a postponed record waits for before it is decided: its own first answers and verdicts, those of
 * every target, or the reading of everything that may be ours.
 */
export type Gate = 'observed' | 'everythingObserved' | 'everythingRead';

/** Another controller has to act before this record goes on. */
export interface Wait {
  readonly until: Exclude<Continuation['until'], 'ServiceRead'>;
  /** On the monotonic clock. */
  readonly sinceMs: number;
  /** The objects were read that often since. */
  readonly reads: number;
}

const BUSY: ReadonlySet<RecordState> = new Set(['reading', 'deciding', 'decided', 'applying']);

/** A record that waits for days may be written again and again meanwhile. */
const MAX_WRITTEN = 1_000;

const NO_PROGRESS: RecordProgress = { conflicts: 0, steps: 0, rereads: 0, written: [], warnings: [] };

/** What the controller knows of one Service: of a target, or of something of ours that left the list. */
export class TargetRecord {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** Repairs that another writer keeps undoing, and when they may be written again. */
  readonly conflicts = new ConflictBackOff();
  /** The newest answer for each name, by source key. */
  readonly answers = new Map<string, AnsweredName>();
  /** What another writer changed, by `Kind/name`, with that writer; the next write repairs it. */
  readonly drifts = new Map<string, string>();
  backOff: BackOff = NO_BACK_OFF;
  report: TargetReport | undefined;
  /** `release` was asked for; with a selector, to the Pods with these labels. */
  release: RemovalInput['release'];
  /** How many addresses were ready after the last decision. */
  readyAddresses = 0;
  /** When time alone will change something, on the monotonic clock. */
  nextChangeAtMs = Number.POSITIVE_INFINITY;
  /** When to read the objects again without an event, on the monotonic clock. */
  requeueAtMs = Number.POSITIVE_INFINITY;
  #state: RecordState = 'idle';
  #target: Target | undefined;
  #initialGraceUntilMs = Number.NEGATIVE_INFINITY;
  #existing: ExistingObjects | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #lastKnown: ExistingObjects | undefined;
  #beforeDrift: ExistingObjects | undefined;
  #deferredEvents: ObjectEvent[] = [];
  #memory: NameMemory | undefined;
  #sources: Sources = [];
  #recoversPublished = false;
  /** The last decision of the reconciliation that is under way. */
  #pending: TargetDecision | undefined;
  /** Since that decision another writer has published an address that it did not know. */
  #isPendingLost = false;
  #dirtySinceMs: number | undefined;
  #decidedForMs = 0;
  #progress = NO_PROGRESS;
  #wait: Wait | undefined;
  #gate: Gate | undefined;

  constructor(namespace: string, name: string) {
    this.key = `${namespace}/${name}`;
    this.namespace = namespace;
    this.name = name;
  }

  get state(): RecordState {
    return this.#state;
  }

  /** Undefined: the list has no such target (any more). */
  get target(): Target | undefined {
    return this.#target;
  }

  /** Undefined: to be read before the next decision. */
  get existing(): ExistingObjects | undefined {
    return this.#existing;
  }

  /** When the objects were read or written last, on the monotonic clock. */
  get readAtMs(): number {
    return this.#readAtMs;
  }

  /** What existed when it was last decided; undefined: it never was. */
  get lastKnown(): ExistingObjects | undefined {
    return this.#lastKnown;
  }

  /**
   * What its names stood for after the last decision. While that one is being written it counts as well, unless another
   * writer publishes an address that it did not know: its memory would call that address unknown to every name.
   */
  get memory(): NameMemory | undefined {
    return this.#counted?.memory ?? this.#memory;
  }

  /** The sources that the published addresses may have come from, as of that decision. */
  get sources(): Sources {
    return this.#counted?.sources ?? this.#sources;
  }

  /** Another process made the last decision, and may have published more than it saved. */
  get recoversPublished(): boolean {
    return this.#counted === undefined && this.#recoversPublished;
  }

  /** What a process that starts now should know: a decision being written counts as written. */
  get toSave(): { readonly memory: NameMemory | undefined; readonly sources: Sources } {
    return this.#pending ?? { memory: this.#memory, sources: this.#sources };
  }

  /** Since when it waits to be decided, on the monotonic clock; undefined when nothing asked for it. */
  get dirtySinceMs(): number | undefined {
    return this.#dirtySinceMs;
  }

  /** Since when it had waited for the decision that is being applied. */
  get decidedForMs(): number {
    return this.#decidedForMs;
  }

  /** Until then a new or changed target waits for first answers and verdicts, so that it is written once. */
  get initialGraceUntilMs(): number {
    return this.#initialGraceUntilMs;
  }

  get progress(): RecordProgress {
    return this.#progress;
  }

  /** What it waits for before it can be decided; undefined: for nothing. */
  get gate(): Gate | undefined {
    return this.#gate;
  }

  get wait(): Wait | undefined {
    return this.#wait;
  }

  /** It is being read or decided, or its plan is on its way to the API server. */
  get isBusy(): boolean {
    return BUSY.has(this.#state);
  }

  /** Takes the target from a list, or notes that the list no longer has it. */
  declare(target: Target | undefined, initialGraceUntilMs: number): void {
    this.#target = target;
    this.#initialGraceUntilMs = initialGraceUntilMs;
    // Answers to names that the target no longer has must not count when it gets them back.
    const asked = new Set(target?.endpoints.map(sourceKey));
    for (const source of this.answers.keys()) if (!asked.has(source)) this.answers.delete(source);
  }

  /** The list says the same of the target; only its place in the text may differ. */
  restate(target: Target): void {
    this.#target = target;
  }

  /** What an earlier process has saved about it; what this process has decided itself is newer. */
  recall(memory: NameMemory | undefined): void {
    this.#memory ??= memory;
  }

  /** Another process decided about it until now, and saved these sources. */
  succeed(sources: Sources): void {
    this.#sources = sources;
    this.#recoversPublished = true;
  }

  /** Something about it may have changed: it is to be decided. */
  add(nowMs: number): void {
    this.#dirtySinceMs ??= nowMs;
    if (this.#state === 'idle' || this.#state === 'waiting') this.#rest();
  }

  /** Nothing is to be decided about it after all. */
  remove(): void {
    this.#dirtySinceMs = undefined;
    if (this.#state === 'queued' || this.#state === 'ready') this.#state = 'idle';
  }

  /** Its objects are no longer known. */
  invalidate(): void {
    this.#existing = undefined;
    if (this.#state === 'ready') this.#state = 'queued';
  }

  startReading(): void {
    this.#leave('queued');
    this.#state = 'reading';
  }

  /** The read has ended: with the objects, or without when they could not be read. */
  endReading(existing: ExistingObjects | undefined, nowMs: number): void {
    this.#leave('reading');
    if (existing !== undefined) this.#take(existing, nowMs);
    this.#rest();
  }

  /** The objects were read along with those of other records. */
  discover(existing: ExistingObjects, nowMs: number): void {
    this.#take(existing, nowMs);
    if (this.#state === 'queued') this.#state = 'ready';
  }

  /** Its decision begins, from what is known now. */
  startDecision(): void {
    this.#leave('ready');
    this.#state = 'deciding';
    this.#gate = undefined;
    this.#decidedForMs = this.#dirtySinceMs ?? 0;
    this.#dirtySinceMs = undefined;
    this.#lastKnown = this.#existing;
  }

  /** It is not decided before the gate opens, and keeps the time that it has waited. */
  postpone(gate: Gate | undefined): void {
    this.#leave('deciding');
    this.#gate = gate;
    this.#dirtySinceMs = this.#decidedForMs;
    this.#rest();
  }

  /** The plan depends on objects that may have changed since they were read. */
  readAgain(): void {
    this.#progress = { ...this.#progress, rereads: this.#progress.rereads + 1 };
    this.#existing = undefined;
    this.postpone(undefined);
  }

  /** The plan is empty, or may not be written: the decision counts at once. */
  keepDecision(decision: TargetDecision | undefined): void {
    this.#leave('deciding');
    this.#remember(decision);
    this.#endProgress();
    this.#rest();
  }

  /** The decision has a plan to write. What it remembers counts once that is done. */
  acceptDecision(decision: TargetDecision | undefined): void {
    this.#leave('deciding');
    this.#setPending(decision);
    this.#state = 'decided';
  }

  /** Something changed since the decision: the plan is dropped, and the record decided again. */
  overtake(): void {
    this.#leave('decided');
    // It keeps the time that it has waited, so that frequent changes cannot starve it.
    this.#dirtySinceMs = this.#decidedForMs;
    this.#rest();
  }

  startApplying(): void {
    this.#leave('decided');
    this.#state = 'applying';
  }

  /** The plan was written, and nothing follows. */
  endApplied(existing: ExistingObjects, written: Written, nowMs: number): void {
    this.#endWrite(existing, written, nowMs);
    this.#remember(this.#pending);
    this.#endProgress();
    this.#rest();
  }

  /** The plan was written, and the next step is decided from a new read. */
  endStep(existing: ExistingObjects, written: Written, nowMs: number): void {
    this.#progress = { ...this.#progress, steps: this.#progress.steps + 1 };
    this.#endUnknown(existing, written, nowMs);
  }

  /** The objects differ from those that the plan was made from, or the outcome is unknown: they are read again. */
  endConflict(existing: ExistingObjects, written: Written, nowMs: number): void {
    this.#progress = { ...this.#progress, conflicts: this.#progress.conflicts + 1 };
    this.#endUnknown(existing, written, nowMs);
  }

  /** The write failed: what exists is no longer certain. */
  endFailed(written: Written): void {
    this.#leave('applying');
    this.#note(written);
    this.#existing = undefined;
    this.#beforeDrift = undefined;
    this.#endProgress();
    this.#rest();
  }

  /** The plan was written, and another controller acts next. */
  endWaiting(until: Wait['until'], existing: ExistingObjects, written: Written, nowMs: number): void {
    this.#endWrite(existing, written, nowMs);
    this.#startWaiting(until, nowMs);
  }

  /** Nothing is to be written before another controller acts. */
  keepWaiting(until: Wait['until'], decision: TargetDecision | undefined, nowMs: number): void {
    this.#leave('deciding');
    this.#setPending(decision);
    this.#startWaiting(until, nowMs);
  }

  /** It waited long enough: what it has become so far is its result. */
  stopWaiting(): void {
    this.#leave('waiting');
    this.#remember(this.#pending);
    this.#endProgress();
    this.#state = 'idle';
  }

  /** Clears recorded drift: it was handled, or its author is unknown. */
  forgetDrift(): void {
    this.drifts.clear();
    this.#beforeDrift = undefined;
  }

  /** Another writer changed one of its objects. */
  noteDrift({ object }: ObjectEvent, by: string, isOurManager: boolean): void {
    this.#beforeDrift = this.#existing ?? this.#beforeDrift;
    // Another process of this instance leads, or did: it may know more than this one.
    if (isOurManager) this.#recoversPublished = true;
    if (this.#beforeDrift !== undefined) this.drifts.set(`${object.kind}/${object.metadata.name}`, by);
    this.invalidate();
  }

  /** An event that came while the record was busy: it is compared when that has ended. */
  defer(event: ObjectEvent): void {
    this.#deferredEvents.push(event);
  }

  takeDeferred(): readonly ObjectEvent[] {
    return this.#deferredEvents.splice(0);
  }

  /** The object as it was known last, before anybody else changed it. */
  knownObject(kind: string, name: string): KubeObject | undefined {
    const existing = this.#existing ?? this.#beforeDrift;
    if (kind === 'Service') return existing?.service;
    if (kind === 'Endpoints') return existing?.endpoints;
    return existing?.slices.find((slice) => slice.metadata.name === name);
  }

  #leave(state: RecordState): void {
    if (this.#state !== state) throw new Error(`${this.key} is ${this.#state}, not ${state}`);
  }

  #startWaiting(until: Wait['until'], nowMs: number): void {
    const { sinceMs, reads } = this.#wait?.until === until ? this.#wait : { sinceMs: nowMs, reads: 0 };
    this.#wait = { until, sinceMs, reads: reads + 1 };
    this.#state = 'waiting';
    if (this.#dirtySinceMs !== undefined) this.#rest();
  }

  #rest(): void {
    if (this.#dirtySinceMs === undefined) this.#state = 'idle';
    else this.#state = this.#existing === undefined ? 'queued' : 'ready';
  }

  #take(existing: ExistingObjects, nowMs: number): void {
    this.#existing = existing;
    this.#readAtMs = nowMs;
    // What this process wrote itself is no news to any name.
    this.#isPendingLost =
      this.#pending !== undefined && !isEveryServedAddressAssessed(this.#pending.verdicts, existing);
  }

  get #counted(): TargetDecision | undefined {
    return this.#isPendingLost ? undefined : this.#pending;
  }

  #setPending(decision: TargetDecision | undefined): void {
    this.#pending = decision ?? this.#pending;
    this.#isPendingLost = false;
  }

  #endUnknown(existing: ExistingObjects, written: Written, nowMs: number): void {
    this.#endWrite(existing, written, nowMs);
    this.#existing = undefined;
    this.#dirtySinceMs ??= this.#decidedForMs;
    this.#rest();
  }

  #endWrite(existing: ExistingObjects, written: Written, nowMs: number): void {
    this.#leave('applying');
    this.#note(written);
    this.#existing = existing;
    this.#readAtMs = nowMs;
  }

  #note({ actions, warnings }: Written): void {
    const before = this.#progress;
    this.#progress = {
      ...before,
      written: [...before.written, ...actions].slice(-MAX_WRITTEN),
      warnings: [...before.warnings, ...warnings].slice(-MAX_WRITTEN),
    };
  }

  #remember(decision: TargetDecision | undefined): void {
    this.#pending = undefined;
    if (decision === undefined) return;
    this.#memory = decision.memory;
    this.#sources = decision.sources;
    this.#recoversPublished = false;
  }

  #endProgress(): void {
    this.#progress = NO_PROGRESS;
    this.#wait = undefined;
  }
}

export interface Written {
  readonly actions: readonly Action[];
  readonly warnings: readonly string[];
}

/** Whether the event shows a change that the record does not know. The event of its own write does not. */
export function isNews(record: TargetRecord, { object, deleted }: ObjectEvent): boolean {
  const known = record.knownObject(object.kind, object.metadata.name);
  if (deleted) return known !== undefined && known.metadata.uid === object.metadata.uid;
  if (known === undefined) return true;
  return Number(object.metadata.resourceVersion) > Number(known.metadata.resourceVersion);
}

import type { ApiFailure, ObjectStore } from '../cluster/object-store.ts';
import { type ClusterView, isOfTheWholeCluster, readCluster, readService } from '../cluster/read-cluster.ts';
import type { Log } from '../model/log.ts';
import { isOursInPart, NOTHING_EXISTS } from '../plan/existing-objects.ts';
import { type BackOff, backOffAfter, NO_BACK_OFF, SERVER_PAUSES } from '../time/back-off.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { type ApplyFailure, describeFailure } from './apply-plan.ts';
import type { TargetRecord } from './target-record.ts';
import type { TargetRegistry } from './target-registry.ts';

export interface TargetReaderSettings {
  readonly instance: string;
  /** A read that failed is tried again. */
  readonly retries: boolean;
  /** The first read lists everything that is ours, however few records there are. */
  readonly readsScopeFirst: boolean;
  /** `records` were read, or could not be; `found` are ours and in no list. */
  readonly onRead: (records: readonly TargetRecord[], found: readonly TargetRecord[]) => void;
  /** The record cannot be read. */
  readonly onUnreadable: (record: TargetRecord, failure: ApplyFailure) => void;
  /** A broken invariant. */
  readonly onCrash: (error: unknown) => void;
}

export interface TargetReaderPorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** More records than this are read by listing, fewer one by one. */
const ONE_BY_ONE = 5;

/** Reads the objects of records, while the controller goes on with others. */
export class TargetReader {
  readonly #ports: TargetReaderPorts;
  readonly #registry: TargetRegistry;
  readonly #settings: TargetReaderSettings;
  readonly #underWay = new Set<Promise<void>>();
  #backOff: BackOff = NO_BACK_OFF;
  /** The read under way that shows whether the API server answers again. */
  #halfOpenProbe: Promise<void> | undefined;
  #hasReadScope = false;
  #clusterFailure: ApiFailure | undefined;

  constructor(ports: TargetReaderPorts, registry: TargetRegistry, settings: TargetReaderSettings) {
    this.#ports = ports;
    this.#registry = registry;
    this.#settings = settings;
  }

  /** Nothing is to be read before then: the API server did not answer, or is being asked whether it does again. */
  get readyAtMs(): number {
    return this.#halfOpenProbe !== undefined ? Number.POSITIVE_INFINITY : this.#backOff.untilMs;
  }

  /** The API server answered the last time it was asked. */
  get isServerReachable(): boolean {
    return this.#backOff.failures === 0;
  }

  /** Everything that is ours was listed once. */
  get hasReadScope(): boolean {
    return this.#hasReadScope;
  }

  /** Why nothing at all could be read, where that is not tried again. */
  get clusterFailure(): ApiFailure | undefined {
    return this.#clusterFailure;
  }

  get isIdle(): boolean {
    return this.#underWay.size === 0;
  }

  /**
   * The records are busy until they have been read; a few do not wait for one another.
   *
   * @param mayBeAway a write has found the API server not answering.
   */
  start(records: readonly TargetRecord[], mayBeAway: boolean, signal: AbortSignal): void {
    const { readsScopeFirst } = this.#settings;
    const isHalfOpen = mayBeAway || !this.isServerReachable;
    const together = records.length > ONE_BY_ONE || (readsScopeFirst && !this.#hasReadScope);
    // One is enough to see whether a server that was away is back; the others follow when it is.
    const begun = together
      ? [this.#begin(records, this.#readTogether(records, signal), signal)]
      : (isHalfOpen ? records.slice(0, 1) : records).map((record) =>
          this.#begin([record], this.#readAlone(record, signal), signal),
        );
    if (isHalfOpen) [this.#halfOpenProbe] = begun;
  }

  /** Resolves when nothing is being read. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #begin(
    records: readonly TargetRecord[],
    reading: Promise<readonly TargetRecord[]>,
    signal: AbortSignal,
  ): Promise<void> {
    for (const record of records) record.startReading();
    let found: readonly TargetRecord[] = [];
    const task = reading
      .then((others) => {
        found = others;
      })
      .catch((error: unknown) => {
        if (!signal.aborted) this.#settings.onCrash(error);
      })
      .finally(() => {
        for (const record of records) if (record.state === 'reading') this.#end(record, undefined);
        this.#underWay.delete(task);
        // Others may end meanwhile: they were sent before it was known that the server is away.
        if (this.#halfOpenProbe === task) this.#halfOpenProbe = undefined;
        this.#settings.onRead(records, found);
      });
    this.#underWay.add(task);
    return task;
  }

  async #readAlone(record: TargetRecord, signal: AbortSignal): Promise<[]> {
    const read = await readService(record, this.#ports.store, signal);
    if (!read.ok && isOfTheWholeCluster(read.failure)) return this.#failed([record], read.failure);
    if (read.ok) this.#end(record, read.value);
    else this.#unreadable(record, read.failure);
    this.#backOff = NO_BACK_OFF;
    return [];
  }

  async #readTogether(records: readonly TargetRecord[], signal: AbortSignal): Promise<TargetRecord[]> {
    const read = await readCluster(records, this.#settings.instance, this.#ports.store, signal);
    if (!read.ok) return this.#failed(records, read.failure);
    this.#backOff = NO_BACK_OFF;
    this.#hasReadScope = true;
    return this.#takeIn(read.view, records);
  }

  /** What failed together counts as one failure. */
  #failed(records: readonly TargetRecord[], failure: ApiFailure): [] {
    const { clock, log, random } = this.#ports;
    if (!this.#settings.retries) {
      this.#clusterFailure ??= this.#hasReadScope || !this.#settings.readsScopeFirst ? undefined : failure;
      for (const record of records) this.#settings.onUnreadable(record, describeFailure(failure));
      return [];
    }
    const nowMs = clock.monotonicNow();
    if (nowMs < this.#backOff.untilMs) return [];
    this.#backOff = backOffAfter(this.#backOff, nowMs, random, SERVER_PAUSES);
    const tries = this.#backOff.failures;
    log.warn(failure.reason, `the cluster cannot be read: ${failure.message}`, { tries });
    return [];
  }

  /** The record alone cannot be read, for want of rights in its namespace as a rule. */
  #unreadable(record: TargetRecord, { reason, message }: ApiFailure): void {
    const { clock, random } = this.#ports;
    if (this.#settings.retries) record.backOff = backOffAfter(record.backOff, clock.monotonicNow(), random);
    const text = `namespace ${record.namespace} cannot be read: ${message}`;
    this.#settings.onUnreadable(record, { phase: 'Failed', reason, message: text });
  }

  #takeIn(view: ClusterView, records: readonly TargetRecord[]): TargetRecord[] {
    for (const record of records) {
      const failure = view.unreadable.get(record.namespace);
      if (failure === undefined) this.#end(record, view.byService.get(record.key) ?? NOTHING_EXISTS);
      else this.#unreadable(record, failure);
    }
    const found: TargetRecord[] = [];
    for (const [key, existing] of view.byService) {
      if (this.#registry.records.has(key) || !isOursInPart(existing, this.#settings.instance)) continue;
      const [namespace = '', name = ''] = key.split('/');
      const record = this.#registry.recordFor(namespace, name);
      record.discover(existing, this.#ports.clock.monotonicNow());
      found.push(record);
    }
    return found;
  }

  #end(record: TargetRecord, existing: TargetRecord['existing']): void {
    record.endReading(existing, this.#ports.clock.monotonicNow());
  }
}

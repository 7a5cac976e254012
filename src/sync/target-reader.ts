import type { ApiFailure, ObjectStore } from '../cluster/object-store.ts';
import { type ClusterView, isOfTheWholeCluster, readCluster, readService } from '../cluster/read-cluster.ts';
import { isOursInPart } from '../decide/owned-objects.ts';
import type { Log } from '../model/log.ts';
import { NOTHING_EXISTS } from '../plan/existing-objects.ts';
import { type BackOff, backOffAfter, NO_BACK_OFF, SERVER_PAUSES } from '../time/back-off.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { TargetEntry } from './target-record.ts';
import type { TargetBook } from './target-registry.ts';

export interface TargetReaderSettings {
  readonly instance: string;
  /** These have been read, or could not be; those that were found besides are ours and in nobody's list. */
  readonly onRead: (entries: readonly TargetEntry[], found: readonly TargetEntry[]) => void;
  /** The entry's namespace alone cannot be read. */
  readonly onUnreadable: (entry: TargetEntry, failure: ApiFailure) => void;
  /** Something that must not happen did. */
  readonly onCrash: (error: unknown) => void;
}

/** More targets than this are read by listing, fewer one by one. */
const ONE_BY_ONE = 5;

interface TargetReaderPorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Reads what exists under the names of entries, while the worker goes on with others. */
export class TargetReader {
  readonly #ports: TargetReaderPorts;
  readonly #book: TargetBook;
  readonly #settings: TargetReaderSettings;
  readonly #underWay = new Set<Promise<void>>();
  #backOff: BackOff = NO_BACK_OFF;
  /** The read under way that tells whether the API server answers again. */
  #scout: Promise<void> | undefined;

  constructor(ports: TargetReaderPorts, book: TargetBook, settings: TargetReaderSettings) {
    this.#ports = ports;
    this.#book = book;
    this.#settings = settings;
  }

  /** Nothing is to be read before then, because the API server did not answer, or is being asked whether it does again. */
  get readyAtMs(): number {
    return this.#scout !== undefined ? Number.POSITIVE_INFINITY : this.#backOff.untilMs;
  }

  /** The API server answered the last time it was asked. */
  get isServerReachable(): boolean {
    return this.#backOff.failures === 0;
  }

  /**
   * The entries are busy until they have been read; a few do not wait for one another.
   *
   * @param mayBeAway somebody else has found the API server not answering.
   */
  start(entries: readonly TargetEntry[], mayBeAway: boolean, signal: AbortSignal): void {
    const isScout = mayBeAway || !this.isServerReachable;
    // One is enough to see whether a server that was away is back; the others follow when it is.
    const begun =
      entries.length > ONE_BY_ONE
        ? [this.#begin(entries, this.#readTogether(entries, signal), signal)]
        : (isScout ? entries.slice(0, 1) : entries).map((entry) =>
            this.#begin([entry], this.#readAlone(entry, signal), signal),
          );
    if (isScout) [this.#scout] = begun;
  }

  /** Resolves when nothing is being read. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #begin(
    entries: readonly TargetEntry[],
    reading: Promise<readonly TargetEntry[]>,
    signal: AbortSignal,
  ): Promise<void> {
    for (const entry of entries) entry.busy = true;
    let found: readonly TargetEntry[] = [];
    const task = reading
      .then((others) => {
        found = others;
      })
      .catch((error: unknown) => {
        if (!signal.aborted) this.#settings.onCrash(error);
      })
      .finally(() => {
        for (const entry of entries) entry.busy = false;
        this.#underWay.delete(task);
        // Others may end meanwhile: they were sent before it was known that the server is away.
        if (this.#scout === task) this.#scout = undefined;
        this.#settings.onRead(entries, found);
      });
    this.#underWay.add(task);
    return task;
  }

  async #readAlone(entry: TargetEntry, signal: AbortSignal): Promise<[]> {
    const read = await readService(entry, this.#ports.store, signal);
    if (!read.ok && isOfTheWholeCluster(read.failure)) return this.#failed(read.failure);
    if (read.ok) entry.existing = read.value;
    else this.#unreadable(entry, read.failure);
    this.#backOff = NO_BACK_OFF;
    return [];
  }

  async #readTogether(entries: readonly TargetEntry[], signal: AbortSignal): Promise<TargetEntry[]> {
    const read = await readCluster(entries, this.#settings.instance, this.#ports.store, signal);
    if (!read.ok) return this.#failed(read.failure);
    this.#backOff = NO_BACK_OFF;
    return this.#takeIn(read.view, entries);
  }

  /** What failed together counts as one failure. */
  #failed(failure: ApiFailure): [] {
    const { clock, log, random } = this.#ports;
    const nowMs = clock.monotonicNow();
    if (nowMs < this.#backOff.untilMs) return [];
    this.#backOff = backOffAfter(this.#backOff, nowMs, random, SERVER_PAUSES);
    const tries = this.#backOff.failures;
    log.warn(failure.reason, `the cluster cannot be read: ${failure.message}`, { tries });
    return [];
  }

  #unreadable(entry: TargetEntry, failure: ApiFailure): void {
    const { clock, random } = this.#ports;
    entry.backOff = backOffAfter(entry.backOff, clock.monotonicNow(), random);
    this.#settings.onUnreadable(entry, failure);
  }

  #takeIn(view: ClusterView, entries: readonly TargetEntry[]): TargetEntry[] {
    for (const entry of entries) {
      const failure = view.unreadable.get(entry.namespace);
      if (failure === undefined) {
        entry.existing = view.byService.get(entry.key) ?? NOTHING_EXISTS;
        continue;
      }
      this.#unreadable(entry, failure);
    }
    const found: TargetEntry[] = [];
    for (const [key, existing] of view.byService) {
      if (this.#book.entries.has(key) || !isOursInPart(existing, this.#settings.instance)) continue;
      const [namespace = '', name = ''] = key.split('/');
      const entry = this.#book.entryFor(namespace, name);
      entry.existing = existing;
      found.push(entry);
    }
    return found;
  }
}

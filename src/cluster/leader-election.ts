import type { KubeObject } from '../manifest/kube-object.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { runTogether } from '../time/run-together.ts';
import { Signal } from '../time/signal.ts';
import { type ElectionTimings, JITTER_FACTOR, timingsProblem } from './election-timings.ts';
import { type LeaseObject, listsOfHolder } from './lease.ts';
import { isOvertaken, LeaseLock, type LockSettings } from './lease-lock.ts';
import type { ApiFailure, ApiResult, ObjectStore } from './object-store.ts';
import { Reflector } from './reflector.ts';
import { withinTime } from './within-time.ts';

/** The time-out of the release of the lease. Without a release the lease expires. */
const RELEASE_TIMEOUT_MS = 1_000;

export interface ElectionSettings extends Omit<LockSettings, 'leaseDurationMs'> {
  readonly timings: ElectionTimings;
  readonly onChange: (leading: boolean) => void;
  /** client-go's OnNewLeader: called with the identity of another process that holds the lease. */
  readonly onNewLeader: (identity: string) => void;
  /** The lease was read or watched, and its holder or what that says may be another. */
  readonly onLease: () => void;
  readonly onTrouble: (failure: ApiFailure) => void;
}

/** The lease as it was last read or watched. */
interface SeenLease {
  readonly lease: LeaseObject;
  /** When this process last saw the record change, on the monotonic clock. */
  readonly changedAtMs: number;
}

interface LeaderElectionPorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Leader election on a Lease, with client-go's rules. Timestamps in the Lease are for people. A holder is alive while
 * this process sees its record change. This process leads while its own last renewal is young enough. Both are measured
 * on the monotonic clock, so clocks that differ or jump change nothing.
 *
 *     standby ──── the lease is free, or did not change for its whole duration ───▶ leading
 *        ▲                                                                            │ renews every 2 s
 *        └── another process holds it · no renewal succeeded for 10 s · stopped ───────┘
 *
 * Unlike client-go, a watch on the Lease wakes standbys when the lease is released, so that they do not wait for their
 * next try.
 */
export class LeaderElection {
  readonly #ports: LeaderElectionPorts;
  readonly #settings: ElectionSettings;
  readonly #lock: LeaseLock;
  #seen: SeenLease | undefined;
  /** When the last successful renewal was started; undefined while this process does not lead. */
  #renewedAtMs: number | undefined;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  readonly #signal: Signal;

  constructor(ports: LeaderElectionPorts, settings: ElectionSettings) {
    const problem = timingsProblem(settings.timings);
    if (problem !== undefined) throw new RangeError(problem);
    this.#ports = ports;
    this.#settings = settings;
    this.#signal = new Signal(ports.clock);
    this.#lock = new LeaseLock(ports, { ...settings, leaseDurationMs: settings.timings.leaseDurationMs });
  }

  /**
   * Whether this process may write now. Asked before each write, because leadership ends by time alone, before any
   * callback.
   */
  isLeader(): boolean {
    return this.#ports.clock.monotonicNow() < this.#deadlineMs();
  }

  /** The holder of the lease as last seen. */
  get holder(): string | undefined {
    return this.#seen?.lease.spec?.holderIdentity || undefined;
  }

  /** The target lists of the holder, if it says which. */
  get holderLists(): readonly string[] | undefined {
    return this.#seen === undefined || this.holder === undefined
      ? undefined
      : listsOfHolder(this.#seen.lease);
  }

  /** Takes part in the election until `signal` aborts; then releases the lease, and resolves. */
  async run(signal: AbortSignal): Promise<void> {
    const { namespace, name } = this.#settings.lease;
    const reflector = new Reflector(this.#ports, {
      kind: 'Lease',
      scope: { namespace, fieldSelector: `metadata.name=${name}` },
      onReplace: ([lease]) => this.#onWatched(lease),
      onUpsert: (lease) => this.#onWatched(lease),
      onDelete: () => this.#onWatched(undefined),
      onTrouble: this.#settings.onTrouble,
    });
    try {
      await runTogether([(until) => this.#stand(until), (until) => reflector.run(until)], signal);
    } finally {
      if (this.#renewedAtMs !== undefined) await this.#release();
    }
  }

  async #stand(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#tryOnce(signal);
      await this.#rest(signal);
      if (this.#renewedAtMs !== undefined && !this.isLeader()) this.#stepDown();
    }
  }

  /** Sleeps until the next try is due, or until the watch shows a change that matters. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    try {
      for (;;) {
        const fromMs = clock.monotonicNow();
        if (await this.#signal.sleepUntil(this.#nextTryMs(), signal)) return;
        // The watch has just shown a change by the holder, so it is alive; no read is needed.
        if (!this.#isHeldByAnother() || (this.#seen?.changedAtMs ?? 0) < fromMs) return;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #nextTryMs(): number {
    const { retryPeriodMs } = this.#settings.timings;
    if (this.#renewedAtMs !== undefined) {
      return Math.min(this.#triedAtMs + retryPeriodMs, this.#deadlineMs());
    }
    const { clock, random } = this.#ports;
    const jitter = (random.integer(1_000) / 1_000) * JITTER_FACTOR;
    const retryAtMs = clock.monotonicNow() + retryPeriodMs * (1 + jitter);
    const expiresAtMs = this.#expiresAtMs();
    return expiresAtMs > clock.monotonicNow() ? Math.min(retryAtMs, expiresAtMs) : retryAtMs;
  }

  async #tryOnce(signal: AbortSignal): Promise<void> {
    const startedMs = this.#ports.clock.monotonicNow();
    this.#triedAtMs = startedMs;
    // The second half of the time is for a second try on another connection, if the first one hangs.
    const graceUntilMs = this.#settings.timings.renewDeadlineMs / 2;
    const leftMs = this.#renewedAtMs === undefined ? graceUntilMs : this.#deadlineMs() - startedMs;
    const limitMs = Math.min(graceUntilMs, leftMs);
    const result = await withinTime(this.#ports.clock, limitMs, signal, (until) =>
      this.#acquireOrRenew(until),
    );
    if (result === 'held by another') {
      if (this.#renewedAtMs !== undefined) this.#stepDown();
      return;
    }
    if (result.ok) {
      this.#see(result.value);
      const wasLeading = this.#renewedAtMs !== undefined;
      this.#renewedAtMs = startedMs;
      if (!wasLeading) this.#settings.onChange(true);
      return;
    }
    // On a conflict another process was faster. The watch event will show which one.
    if (!isOvertaken(result)) this.#settings.onTrouble(result.failure);
  }

  /** client-go's tryAcquireOrRenew: the leader writes at once; all others read first. */
  async #acquireOrRenew(signal: AbortSignal): Promise<ApiResult<LeaseObject> | 'held by another'> {
    const known = this.#seen?.lease;
    if (this.#renewedAtMs !== undefined && known !== undefined && this.holder === this.#settings.identity) {
      const renewed = await this.#lock.take(known, signal);
      if (renewed.ok || !isOvertaken(renewed)) return renewed;
    }
    const read = await this.#lock.read(signal);
    if (!read.ok) return read.failure.reason === 'NotFound' ? this.#lock.create(signal) : read;
    this.#see(read.value);
    return this.#isHeldByAnother() ? 'held by another' : this.#lock.take(read.value, signal);
  }

  #isHeldByAnother(): boolean {
    const holder = this.holder;
    return (
      holder !== undefined &&
      holder !== this.#settings.identity &&
      this.#expiresAtMs() > this.#ports.clock.monotonicNow()
    );
  }

  #expiresAtMs(): number {
    const seconds = this.#seen?.lease.spec?.leaseDurationSeconds ?? 0;
    return (this.#seen?.changedAtMs ?? 0) + seconds * 1_000;
  }

  #deadlineMs(): number {
    return (this.#renewedAtMs ?? Number.NEGATIVE_INFINITY) + this.#settings.timings.renewDeadlineMs;
  }

  /** Wakes a standby when the lease is free, and a leader when another process has taken the lease. */
  #onWatched(lease: LeaseObject | undefined): void {
    if (lease === undefined) {
      this.#seen = undefined;
    } else {
      if (this.#seen !== undefined && isOlder(lease, this.#seen.lease)) return;
      this.#see(lease);
      const isMine = this.holder === this.#settings.identity;
      if (this.#renewedAtMs === undefined ? this.#isHeldByAnother() : isMine) return;
    }
    this.#signal.notify();
  }

  /** Remembers the record. A changed record is a sign of life of its holder. */
  #see(lease: LeaseObject): void {
    const before = this.#seen?.lease;
    const holderBefore = this.holder;
    const isSame = before !== undefined && JSON.stringify(before.spec) === JSON.stringify(lease.spec);
    const changedAtMs =
      isSame && this.#seen !== undefined ? this.#seen.changedAtMs : this.#ports.clock.monotonicNow();
    this.#seen = { lease, changedAtMs };
    const holder = this.holder;
    if (holder !== undefined && holder !== holderBefore && holder !== this.#settings.identity) {
      this.#settings.onNewLeader(holder);
    }
    this.#settings.onLease();
  }

  #stepDown(): void {
    this.#renewedAtMs = undefined;
    this.#settings.onChange(false);
  }

  async #release(): Promise<void> {
    this.#stepDown();
    const released = await withinTime(this.#ports.clock, RELEASE_TIMEOUT_MS, NEVER, (until) =>
      this.#lock.giveBack(until),
    );
    if (!released.ok && !isOvertaken(released)) this.#settings.onTrouble(released.failure);
  }
}

const NEVER = new AbortController().signal;

function isOlder(a: KubeObject, b: KubeObject): boolean {
  return Number(a.metadata.resourceVersion) < Number(b.metadata.resourceVersion);
}

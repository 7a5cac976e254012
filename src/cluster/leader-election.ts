import type { KubeObject } from '../manifest/kube-object.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { runTogether } from '../time/run-together.ts';
import { Signal } from '../time/signal.ts';
import { type ElectionTimings, JITTER_FACTOR, timingsProblem } from './election-timings.ts';
import type { LeaseObject } from './lease.ts';
import { isOvertaken, LeaseLock, type LockSettings } from './lease-lock.ts';
import type { ApiFailure, ApiResult, ObjectStore } from './object-store.ts';
import { Reflector } from './reflector.ts';
import { withinTime } from './within-time.ts';

/** How long giving the lease back may take; after that it expires by itself. */
const RELEASE_TIMEOUT_MS = 1_000;

export interface ElectionSettings extends Omit<LockSettings, 'leaseDurationMs'> {
  readonly timings: ElectionTimings;
  readonly onChange: (leading: boolean) => void;
  /** client-go's OnNewLeader, for others than this process: whose lease it is that was seen. */
  readonly onNewLeader: (identity: string) => void;
  readonly onTrouble: (failure: ApiFailure) => void;
}

/** What was seen of the lease last. */
interface SeenLease {
  readonly lease: LeaseObject;
  /** On the monotonic clock: when its holder last showed a sign of life, as far as we saw. */
  readonly changedAtMs: number;
}

interface LeaderElectionPorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Leader election on a Lease, with client-go's rules. Timestamps in the Lease are for people: a holder is alive
 * as long as the record keeps changing before our own eyes, and we lead as long as our own last renewal is
 * young enough. Both are measured on the monotonic clock, so clocks that disagree or jump change nothing.
 *
 *     standby ──── the lease is free, or did not change for its whole duration ───▶ leading
 *        ▲                                                                            │ renews every 2 s
 *        └── somebody else holds it · no renewal succeeded for 10 s · told to stop ───┘
 *
 * Beyond client-go, a watch on the Lease wakes standbys when it is given back, so that the next one does not
 * have to come by first.
 */
export class LeaderElection {
  readonly #ports: LeaderElectionPorts;
  readonly #settings: ElectionSettings;
  readonly #lock: LeaseLock;
  #seen: SeenLease | undefined;
  /** When the last renewal that succeeded was begun; undefined while another leads. */
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

  /** Whether this process may write now. Asked before each write: it ends by time alone, before anybody is told. */
  isLeader(): boolean {
    return this.#ports.clock.monotonicNow() < this.#deadlineMs();
  }

  /** Who held the lease when it was seen last. */
  get holder(): string | undefined {
    return this.#seen?.lease.spec?.holderIdentity || undefined;
  }

  /** Stands for election until `signal` aborts; then gives the lease back, and resolves. */
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

  /** Until the next try is due, or the watch brings something worth a look. */
  async #rest(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    try {
      for (;;) {
        const fromMs = clock.monotonicNow();
        if (await this.#signal.sleepUntil(this.#nextTryMs(), signal)) return;
        // A holder that the watch has just shown alive need not be asked for.
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
    // A connection that hangs must leave time for a second try on another.
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
    // Somebody was faster: the next look, which the watch brings about, tells who.
    if (!isOvertaken(result)) this.#settings.onTrouble(result.failure);
  }

  /** client-go's tryAcquireOrRenew: the leader writes what it knows; anybody else reads first. */
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

  /** The watch brings what standbys wait for, and tells a leader of whoever took the lease from it. */
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

  /** Takes note of the record; a change is a sign of life of its holder. */
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

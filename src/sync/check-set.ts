import type { Check, CheckId, Health } from '../health/health.ts';
import { isForming, notCheckedYet } from '../health/hysteresis.ts';
import { HealthMemory, NOTHING_KNOWN } from '../health/memory.ts';
import { Monitor, type Observation } from '../health/monitor.ts';
import type { Prober } from '../health/probe.ts';
import type { IpAddress } from '../model/ip-address.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';

export interface CheckSetOptions {
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  readonly maxInFlight: number;
  /** Each check is made until it has a verdict, and not again. */
  readonly once: boolean;
  readonly onObservation: (observation: Observation) => void;
  /** A check has ended: it was made once, and is not made again. */
  readonly onEnded: (id: CheckId) => void;
}

/** The checks that all targets together need, each made once however many ask for it. */
export class CheckSet {
  readonly #options: CheckSetOptions;
  readonly #monitor: Monitor;
  /** Health from an earlier process, for checks that begin. */
  #remembered = NOTHING_KNOWN;
  readonly #users = new Map<CheckId, Set<string>>();
  readonly #ofUser = new Map<string, ReadonlySet<CheckId>>();
  readonly #addresses = new Map<CheckId, IpAddress>();
  /** With `once`: probes made of each check that has not ended. */
  readonly #tries = new Map<CheckId, number>();
  /** With `once`: what each check that has ended came to. */
  readonly #ended = new Map<CheckId, Health>();
  #isTimeUp = false;

  constructor(options: CheckSetOptions) {
    this.#options = options;
    const { prober, clock, random, maxInFlight } = options;
    const onObservation = (observation: Observation) => this.#onObservation(observation);
    this.#monitor = new Monitor({ prober, clock, random, maxInFlight, onObservation });
  }

  /** Probes until `signal` aborts, and rejects with its reason. To be called once. */
  run(signal: AbortSignal): Promise<never> {
    return this.#monitor.run(signal);
  }

  recallFrom(remembered: HealthMemory): void {
    this.#remembered = remembered;
  }

  /**
   * Replaces what `user` (a target's key) asks for. A check whose settings were edited begins with the verdict of
   * the one that it replaces, so that no edit takes a healthy address out of service.
   *
   * @returns the health of checks that `user` no longer asks for, and whether any check is new to it.
   */
  replace(
    user: string,
    checks: readonly Check[],
  ): { readonly foundLast: ReadonlyMap<CheckId, Health>; readonly hasNew: boolean } {
    const before = this.#ofUser.get(user) ?? new Set();
    const after = new Set(checks.map((check) => check.id));
    const added = checks.filter((check) => !before.has(check.id));
    const dropped = [...before].filter((id) => !after.has(id));
    if (added.length === 0 && dropped.length === 0) return { foundLast: new Map(), hasNew: false };
    const found = this.#healthOfAll(before);
    const memory = new HealthMemory(found);
    for (const check of added) this.#take(user, check, memory);
    for (const id of dropped) this.#release(user, id);
    if (after.size === 0) this.#ofUser.delete(user);
    else this.#ofUser.set(user, after);
    const foundLast = new Map([...found].filter(([id]) => !after.has(id)));
    return { foundLast, hasNew: added.length > 0 };
  }

  usersOf(id: CheckId): Iterable<string> {
    return this.#users.get(id) ?? [];
  }

  /** Whether everything that `user` asks for has a verdict; with `once`, as far as anybody waits for one. */
  haveVerdicts(user: string): boolean {
    for (const id of this.#ofUser.get(user) ?? []) {
      if (this.#options.once) {
        if (!this.#ended.has(id)) return false;
      } else if ((this.#monitor.health(id)?.verdict ?? 'unknown') === 'unknown') return false;
    }
    return true;
  }

  health(id: CheckId): Health | undefined {
    return this.#ended.get(id) ?? this.#monitor.health(id);
  }

  /** Everything known. */
  snapshot(): ReadonlyMap<CheckId, Health> {
    return this.#healthOfAll(this.#users.keys());
  }

  /** Whether any check of another host than these is healthy. */
  isAnyHealthyBut(addresses: ReadonlySet<IpAddress>): boolean {
    for (const [id, address] of this.#addresses) {
      if (!addresses.has(address) && this.health(id)?.verdict === 'healthy') return true;
    }
    return false;
  }

  /** What is known of the checks that these users ask for. */
  healthFor(users: readonly string[]): ReadonlyMap<CheckId, Health> {
    return this.#healthOfAll(new Set(users.flatMap((user) => [...(this.#ofUser.get(user) ?? [])])));
  }

  /** How many checks have ended, and how many there are. */
  get progress(): { readonly ended: number; readonly all: number } {
    return { ended: this.#ended.size, all: this.#users.size };
  }

  /** With `once`: the time for verdicts is over. A check without one keeps the health from before. */
  endTime(): void {
    this.#isTimeUp = true;
    for (const id of [...this.#tries.keys()]) this.#end(id, this.#monitor.health(id));
  }

  #healthOfAll(ids: Iterable<CheckId>): Map<CheckId, Health> {
    const known = new Map<CheckId, Health>();
    for (const id of ids) {
      const health = this.health(id);
      if (health !== undefined) known.set(id, health);
    }
    return known;
  }

  #take(user: string, check: Check, found: HealthMemory): void {
    const users = this.#users.get(check.id);
    if (users !== undefined) {
      users.add(user);
      return;
    }
    this.#users.set(check.id, new Set([user]));
    this.#addresses.set(check.id, check.address);
    if (this.#options.once) {
      this.#takeOnce(check);
      return;
    }
    this.#monitor.add(check, found.beginningOf(check) ?? this.#remembered.beginningOf(check));
  }

  #takeOnce(check: Check): void {
    if (this.#ended.has(check.id)) return;
    const health = this.#remembered.recall(check) ?? notCheckedYet(this.#options.clock.monotonicNow());
    if (this.#isTimeUp) {
      this.#ended.set(check.id, health);
      return;
    }
    this.#tries.set(check.id, 0);
    this.#monitor.add(check, { health, spread: false });
  }

  #onObservation(observation: Observation): void {
    const { check, sample, after } = observation;
    const tries = this.#tries.get(check.id);
    if (tries !== undefined) {
      this.#tries.set(check.id, tries + 1);
      const isUndecided = sample.healthy || sample.speaksOf !== 'worker' ? isForming(after) : true;
      const goesOn = check.settings.oneShot === 'verdict' && isUndecided && tries + 1 < mostTries(check);
      if (!goesOn) this.#end(check.id, after);
    }
    this.#options.onObservation(observation);
  }

  #end(id: CheckId, health: Health | undefined): void {
    this.#tries.delete(id);
    this.#ended.set(id, health ?? notCheckedYet(this.#options.clock.monotonicNow()));
    this.#monitor.remove(id);
    this.#options.onEnded(id);
  }

  #release(user: string, id: CheckId): void {
    const users = this.#users.get(id);
    users?.delete(user);
    if (users?.size !== 0) return;
    this.#users.delete(id);
    this.#addresses.delete(id);
    this.#tries.delete(id);
    this.#monitor.remove(id);
  }
}

/**
 * A backend that alternates would never get a verdict, nor would one that this worker cannot even try: after more
 * tries than any verdict takes, the check ends with what is known.
 */
function mostTries({ settings }: Check): number {
  return settings.healthyThreshold + settings.unhealthyThreshold;
}

import type { IpAddress } from '../model/ip-address.ts';

/** A check that waits to connect. */
export interface Applicant {
  readonly address: IpAddress;
  /** Its last probe timed out, so the next one will probably take its whole time-out again. */
  readonly slow: boolean;
}

/**
 * Decides which checks may connect now: at most `maxInFlight` in all, and one for each address. The others wait, first
 * come first served. Slow checks get at most half of the slots, so that dead hosts, however many, leave the other half
 * to healthy ones.
 *
 *     offer ─▶ address busy ─▶ waits for its address ─┐
 *        └───▶ no slot free ──▶ waits for a slot ─────┴─▶ admitted ─▶ release
 */
export class Admission<T extends Applicant> {
  readonly #maxInFlight: number;
  readonly #maxSlow: number;
  readonly #admitted: (applicant: T) => void;
  /** Sets keep the order of arrival, and an applicant can leave from the middle. */
  readonly #waitingForPlace = { quick: new Set<T>(), slow: new Set<T>() };
  /** By address in use: the applicants that wait for it. */
  readonly #addresses = new Map<IpAddress, Set<T> | undefined>();
  /** Probes in flight in one of the slots for slow ones. */
  readonly #slow = new Set<T>();
  #inFlight = 0;

  constructor(maxInFlight: number, admitted: (applicant: T) => void) {
    this.#maxInFlight = maxInFlight;
    this.#maxSlow = Math.max(1, Math.floor(maxInFlight / 2));
    this.#admitted = admitted;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Calls `admitted` at once, or later from `release`. */
  offer(applicant: T): void {
    const { address } = applicant;
    if (!this.#addresses.has(address)) {
      this.#addresses.set(address, undefined);
      this.#seekPlace(applicant);
      return;
    }
    const waiting = this.#addresses.get(address);
    if (waiting === undefined) this.#addresses.set(address, new Set([applicant]));
    else waiting.add(applicant);
  }

  /** Passes the slot of an admitted applicant to the next one. */
  release(applicant: T): void {
    this.#inFlight -= 1;
    this.#slow.delete(applicant);
    this.#passOnAddress(applicant.address);
    this.#admitWaiting(this.#waitingForPlace.quick);
    this.#admitWaiting(this.#waitingForPlace.slow);
  }

  /** Removes an applicant that was not admitted yet. */
  withdraw(applicant: T): void {
    const { quick, slow } = this.#waitingForPlace;
    if (quick.delete(applicant) || slow.delete(applicant)) this.#passOnAddress(applicant.address);
    else this.#addresses.get(applicant.address)?.delete(applicant);
  }

  /** The applicant has its address; others for the same address wait. */
  #seekPlace(applicant: T): void {
    if (this.#hasPlaceFor(applicant)) this.#admit(applicant);
    else this.#waitingForPlace[applicant.slow ? 'slow' : 'quick'].add(applicant);
  }

  #hasPlaceFor(applicant: T): boolean {
    return this.#inFlight < this.#maxInFlight && (!applicant.slow || this.#slow.size < this.#maxSlow);
  }

  #admit(applicant: T): void {
    this.#inFlight += 1;
    if (applicant.slow) this.#slow.add(applicant);
    this.#admitted(applicant);
  }

  #passOnAddress(address: IpAddress): void {
    const waiting = this.#addresses.get(address);
    const [next] = waiting ?? [];
    if (next === undefined) {
      this.#addresses.delete(address);
    } else {
      waiting?.delete(next);
      this.#seekPlace(next);
    }
  }

  #admitWaiting(waiting: Set<T>): void {
    for (const applicant of waiting) {
      if (!this.#hasPlaceFor(applicant)) return;
      waiting.delete(applicant);
      this.#admit(applicant);
    }
  }
}

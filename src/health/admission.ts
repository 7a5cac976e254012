import type { IpAddress } from '../model/ip-address.ts';

/** Something that wants to connect. */
export interface Applicant {
  readonly address: IpAddress;
  /** It timed out the last time: it will likely hold its place for its whole time-out again. */
  readonly slow: boolean;
}

/**
 * Who may connect now. At most `maxInFlight` in all and one an address; the rest waits its turn, first
 * come first served. Those known to be slow get half of the places at most, so that any number of dead
 * hosts leaves the other half to the living.
 *
 *     offer ─▶ address busy ─▶ waits for its address ─┐
 *        └───▶ no place free ─▶ waits for a place ────┴─▶ admitted ─▶ release
 */
export class Admission<T extends Applicant> {
  readonly #maxInFlight: number;
  readonly #maxSlow: number;
  readonly #admitted: (applicant: T) => void;
  /** Sets keep the order of arrival and let an applicant leave from the middle. */
  readonly #waitingForPlace = { quick: new Set<T>(), slow: new Set<T>() };
  /** By address that somebody has: who waits for it. */
  readonly #addresses = new Map<IpAddress, Set<T> | undefined>();
  /** Those in flight that took one of the places for slow ones. */
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

  /** Calls `admitted` at once, or later from within `release`. */
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

  /** Gives the place of an admitted applicant to the next one. */
  release(applicant: T): void {
    this.#inFlight -= 1;
    this.#slow.delete(applicant);
    this.#passOnAddress(applicant.address);
    this.#admitWaiting(this.#waitingForPlace.quick);
    this.#admitWaiting(this.#waitingForPlace.slow);
  }

  /** Takes back an offer that was not admitted yet. */
  withdraw(applicant: T): void {
    const { quick, slow } = this.#waitingForPlace;
    if (quick.delete(applicant) || slow.delete(applicant)) this.#passOnAddress(applicant.address);
    else this.#addresses.get(applicant.address)?.delete(applicant);
  }

  /** The applicant has its address: whoever wants the same one waits behind it. */
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

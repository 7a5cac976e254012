import { onAbort } from '../target/on-abort.ts';

interface Flight<T> {
  readonly controller: AbortController;
  readonly result: Promise<T>;
  passengers: number;
}

/** Work that is under way, by key: who asks for the same thing meanwhile shares its result. */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** Undefined when nothing is under way for `key`. */
  join(key: string, signal: AbortSignal): Promise<T> | undefined {
    const flight = this.#flights.get(key);
    return flight === undefined ? undefined : this.#board(key, flight, signal);
  }

  /** Begins the work. It is aborted when the last who waits for it has given up, not before. */
  begin(key: string, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const controller = new AbortController();
    const flight: Flight<T> = { controller, result: work(controller.signal), passengers: 0 };
    this.#flights.set(key, flight);
    return this.#board(key, flight, signal);
  }

  #board(key: string, flight: Flight<T>, signal: AbortSignal): Promise<T> {
    flight.passengers += 1;
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => {
        this.#alight(key, flight, signal.reason);
        reject(signal.reason);
      });
      const arrive = () => {
        forget();
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
      };
      flight.result.then(
        (value) => {
          arrive();
          resolve(value);
        },
        (error) => {
          arrive();
          reject(error);
        },
      );
    });
  }

  #alight(key: string, flight: Flight<T>, reason: unknown): void {
    flight.passengers -= 1;
    if (flight.passengers > 0) return;
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
    flight.controller.abort(reason);
  }
}

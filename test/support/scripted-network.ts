import type { Connection, Dialer, DialRequest, DialResult } from '../../src/health/dialer.ts';
import type { Clock } from '../../src/time/clock.ts';

/** What a simulated host does with a connection, and after which time. */
export type Behaviour =
  | { readonly does: 'accept'; readonly afterMs?: number }
  | { readonly does: 'fail'; readonly code: string; readonly afterMs?: number }
  /** SYNs are dropped: only the caller's timeout ends it. */
  | { readonly does: 'swallow' };

export interface Dial extends DialRequest {
  readonly atMs: number;
}

/** A network without sockets. The test sets what each `address:port` does; the default is `accept`. */
export class ScriptedNetwork implements Dialer {
  readonly dials: Dial[] = [];
  inFlight = 0;
  mostInFlight = 0;
  /** The most simultaneous dials and connections of one address. */
  mostAtOneAddress = 0;
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #perAddress = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(where: string, behaviour: Behaviour): void {
    this.#behaviours.set(where, behaviour);
  }

  dialsTo(where: string): Dial[] {
    return this.dials.filter((dial) => `${dial.address}:${dial.port}` === where);
  }

  async dial(request: DialRequest, signal: AbortSignal): Promise<DialResult> {
    this.dials.push({ ...request, atMs: this.#clock.monotonicNow() });
    const leave = this.#enter(request.address);
    try {
      const behaviour = this.#behaviours.get(`${request.address}:${request.port}`) ?? { does: 'accept' };
      if (behaviour.does === 'swallow') await this.#clock.sleep(3_600_000, signal);
      else if (behaviour.afterMs !== undefined) await this.#clock.sleep(behaviour.afterMs, signal);
      signal.throwIfAborted();
      if (behaviour.does === 'accept') return { connected: true, connection: new EmptyConnection(leave) };
      leave();
      const code = behaviour.does === 'fail' ? behaviour.code : 'ETIMEDOUT';
      return { connected: false, fault: { code, message: `connect ${code}` } };
    } catch (error) {
      leave();
      throw error;
    }
  }

  readonly reach = reachByDialing((request, signal) => this.dial(request, signal));

  #enter(address: string): () => void {
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    const here = (this.#perAddress.get(address) ?? 0) + 1;
    this.#perAddress.set(address, here);
    this.mostAtOneAddress = Math.max(this.mostAtOneAddress, here);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.inFlight -= 1;
      this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) - 1);
    };
  }
}

/** A connection without data. */
class EmptyConnection implements Connection {
  readonly #leave: () => void;

  constructor(leave: () => void) {
    this.#leave = leave;
  }

  startTls(): never {
    throw new Error('no TLS here');
  }

  write(): never {
    throw new Error('nothing is written here');
  }

  read(): never {
    throw new Error('nothing is read here');
  }

  close(): void {
    this.#leave();
  }
}

/** {@link Dialer.reach} on top of {@link Dialer.dial}. */
export function reachByDialing(dial: Dialer['dial']): Dialer['reach'] {
  return async (request, signal) => {
    const result = await dial(request, signal);
    if (!result.connected) return result.fault;
    result.connection.close();
    return undefined;
  };
}

import type { Connection, Dialer, DialRequest, DialResult, ReadResult } from '../../../src/health/dialer.ts';
import { reachByDialing } from '../../support/scripted-network.ts';
import type { EventLog } from './event-log.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimProcess } from './sim-process.ts';

/** What a host does with a connection. */
export type HostMode =
  | 'accept'
  | 'refuse'
  /** Drops SYNs. */
  | 'blackhole'
  /** Accepts, and never sends anything. */
  | 'hang'
  /** Accepts, and resets when it receives data. */
  | 'reset'
  /** Accepts and refuses in turns of a few seconds. */
  | 'flap';

const FLAP_PERIOD_MS = 4_000;
const PONG = Buffer.from('+PONG\r\n');

/** The hosts outside the cluster, by address. A host without a mode accepts. */
export class Hosts {
  readonly #modes = new Map<string, HostMode>();
  readonly #changedMs = new Map<string, number>();
  #onChange: (address: string, mode: HostMode) => void = () => undefined;
  readonly #scheduler: Scheduler;
  readonly #log: EventLog;

  constructor(scheduler: Scheduler, log: EventLog) {
    this.#scheduler = scheduler;
    this.#log = log;
  }

  set(address: string, mode: HostMode): void {
    this.#modes.set(address, mode);
    this.#changedMs.set(address, this.#scheduler.nowMs);
    this.#log.tell('host', `${address} ${mode}`);
    this.#onChange(address, mode);
  }

  /** The listener is called after every change. */
  onChange(listener: (address: string, mode: HostMode) => void): void {
    this.#onChange = listener;
  }

  /** Whether it has accepted connections since then without a break. */
  isWellSince(address: string, sinceMs: number): boolean {
    return this.mode(address) === 'accept' && (this.#changedMs.get(address) ?? 0) <= sinceMs;
  }

  mode(address: string): HostMode {
    return this.#modes.get(address) ?? 'accept';
  }

  modeNow(address: string): HostMode {
    const mode = this.mode(address);
    if (mode !== 'flap') return mode;
    return Math.floor(this.#scheduler.nowMs / FLAP_PERIOD_MS) % 2 === 0 ? 'accept' : 'refuse';
  }

  all(): readonly (readonly [string, HostMode])[] {
    return [...this.#modes];
  }

  /** The network of one process. `onDial` is called with +1 and -1 when a socket opens and closes. */
  dialerFor(process: SimProcess, onDial: (change: 1 | -1) => void): Dialer {
    const dial: Dialer['dial'] = (request, signal) => this.#dial(request, process, onDial, signal);
    return { dial, reach: reachByDialing(dial) };
  }

  #dial(
    { address }: DialRequest,
    process: SimProcess,
    onDial: (change: 1 | -1) => void,
    signal: AbortSignal,
  ): Promise<DialResult> {
    onDial(1);
    let open = true;
    const close = () => {
      if (open) onDial(-1);
      open = false;
    };
    return new Promise((resolve, reject) => {
      const abort = () => {
        close();
        reject(signal.reason);
      };
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      const mode = process.machine.cutOffFrom.has('hosts') ? 'blackhole' : this.modeNow(address);
      if (mode !== 'accept') this.#log.fault(`host ${mode}`);
      if (mode === 'blackhole') return;
      this.#scheduler.in(1 + (address.length % 3), () =>
        process.deliver(() => {
          if (signal.aborted) return;
          signal.removeEventListener('abort', abort);
          if (mode === 'refuse') {
            close();
            const fault = { code: 'ECONNREFUSED', message: `connect ECONNREFUSED ${address}` };
            resolve({ connected: false, fault });
          } else {
            resolve({
              connected: true,
              connection: new SimConnection(mode, process, this.#scheduler, close),
            });
          }
        }),
      );
    });
  }
}

/** Answers PING with PONG when the host accepts. */
class SimConnection implements Connection {
  readonly #mode: HostMode;
  readonly #process: SimProcess;
  readonly #scheduler: Scheduler;
  readonly close: () => void;

  constructor(mode: HostMode, process: SimProcess, scheduler: Scheduler, close: () => void) {
    this.#mode = mode;
    this.#process = process;
    this.#scheduler = scheduler;
    this.close = close;
  }

  startTls(): never {
    throw new Error('no host of the simulation speaks TLS');
  }

  write(): void {
    // The data does not matter: the host's mode decides the answer when the client reads.
  }

  read(signal: AbortSignal): Promise<ReadResult> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      if (this.#mode === 'hang') return;
      this.#scheduler.in(1, () =>
        this.#process.deliver(() => {
          if (signal.aborted) return;
          signal.removeEventListener('abort', abort);
          const fault = { code: 'ECONNRESET', message: 'read ECONNRESET' };
          resolve(this.#mode === 'reset' ? { kind: 'failed', fault } : { kind: 'data', bytes: PONG });
        }),
      );
    });
  }
}

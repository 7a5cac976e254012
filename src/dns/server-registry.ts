import { BoundedMap } from '../model/bounded-map.ts';
import type { DnsServerAddress } from '../model/target.ts';

/**
 * The features that a server turned out not to support. Forgotten after {@link RELEARN_AFTER_MS}, because servers get
 * upgraded.
 */
export interface ServerTraits {
  edns: boolean;
  mixedCase: boolean;
}

interface ServerRecord {
  traits: ServerTraits;
  learntAtMs: number;
  failuresInARow: number;
  lastFailureMs: number;
  /** Until then other servers come first. */
  avoidUntilMs: number;
}

const RELEARN_AFTER_MS = 10 * 60_000;
const FIRST_PENALTY_MS = 1_000;
const MAX_PENALTY_MS = 30_000;

/** More servers than a list declares. Beyond it the one that was not used longest is forgotten. */
const MAX_SERVERS = 1_000;

/** Remembers which servers answer, and which features they support. */
export class ServerRegistry {
  readonly #records = new BoundedMap<string, ServerRecord>(MAX_SERVERS);
  /** The same by object identity, which serves nearly every look-up. */
  readonly #known = new WeakMap<DnsServerAddress, ServerRecord>();
  #rotation = 0;

  /**
   * The servers in the order to query them: first those that answer, as declared or, with `rotate`, starting with
   * another one each time (resolv.conf(5)); then those that did not answer lately.
   *
   * When a server's penalty is over, one query tries it. Until its result is known other queries still use other
   * servers, so a dead server costs one query its time-out, not all of them.
   */
  order(servers: readonly DnsServerAddress[], rotate: boolean, nowMs: number): readonly DnsServerAddress[] {
    const [first] = servers;
    if (first === undefined || servers.length === 1) return servers;
    const turn = rotate ? this.#rotation++ % servers.length : 0;
    const turned = turn === 0 ? servers : [...servers.slice(turn), ...servers.slice(0, turn)];
    const good: DnsServerAddress[] = [];
    const avoided: DnsServerAddress[] = [];
    let probing = false;
    for (const server of turned) {
      const record = this.#known.get(server) ?? this.#records.get(serverKey(server));
      if (record === undefined || record.failuresInARow === 0) good.push(server);
      else if (!probing && record.avoidUntilMs <= nowMs) {
        probing = true;
        record.avoidUntilMs = nowMs + penaltyMs(record.failuresInARow);
        good.push(server);
      } else avoided.push(server);
    }
    return [...good, ...avoided];
  }

  traits(server: DnsServerAddress, nowMs: number): ServerTraits {
    const record = this.#record(server, nowMs);
    if (nowMs - record.learntAtMs >= RELEARN_AFTER_MS) {
      record.traits = { edns: true, mixedCase: true };
      record.learntAtMs = nowMs;
    }
    return record.traits;
  }

  /** Any reply shows that the server is alive. Its content concerns the name, not the server. */
  report(server: DnsServerAddress, alive: boolean, nowMs: number): void {
    const record = this.#record(server, nowMs);
    if (alive) {
      record.failuresInARow = 0;
      return;
    }
    // Queries that fail together count as one failure. Otherwise a hundred in flight would cause the longest penalty.
    if (record.failuresInARow > 0 && nowMs - record.lastFailureMs < FIRST_PENALTY_MS) return;
    record.failuresInARow += 1;
    record.lastFailureMs = nowMs;
    record.avoidUntilMs = nowMs + penaltyMs(record.failuresInARow);
  }

  #record(server: DnsServerAddress, nowMs: number): ServerRecord {
    const known = this.#known.get(server);
    if (known !== undefined) return known;
    const key = serverKey(server);
    const record = this.#records.get(key) ?? this.#create(key, nowMs);
    this.#known.set(server, record);
    return record;
  }

  #create(key: string, nowMs: number): ServerRecord {
    const record: ServerRecord = {
      traits: { edns: true, mixedCase: true },
      learntAtMs: nowMs,
      failuresInARow: 0,
      lastFailureMs: 0,
      avoidUntilMs: 0,
    };
    this.#records.set(key, record);
    return record;
  }
}

function penaltyMs(failuresInARow: number): number {
  return Math.min(MAX_PENALTY_MS, FIRST_PENALTY_MS * 2 ** Math.min(failuresInARow - 1, 10));
}

/** `10.0.0.53:53` or `[fd00::53]:53`. */
export function serverKey(server: DnsServerAddress): string {
  const known = KEYS.get(server);
  if (known !== undefined) return known;
  const { address, port } = server;
  const key = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  KEYS.set(server, key);
  return key;
}

const KEYS = new WeakMap<DnsServerAddress, string>();

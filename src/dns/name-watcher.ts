import type { DnsSettings } from '../model/target.ts';
import type { Clock } from '../time/clock.ts';
import { untilAborted } from '../time/on-abort.ts';
import type { Random } from '../time/random.ts';
import type { NameResolution, Resolution } from './resolution.ts';
import type { NameSource, TimedResolution, TimedResolver } from './resolver.ts';
import { serverKey } from './server-registry.ts';

export interface WatchedName {
  readonly source: NameSource;
  readonly settings: DnsSettings;
}

/** Name, record type and all settings that change the query or its time. Equal keys share one watch. */
export type WatchKey = string & { readonly __brand: 'WatchKey' };

export interface WatcherDependencies {
  readonly resolver: TimedResolver;
  readonly clock: Clock;
  readonly random: Random;
  /** Each name is asked once, and not again when its answer expires. */
  readonly once?: boolean;
  /** Called with every answer; `changed` if its content differs from the previous one. Must not throw. */
  readonly onAnswer: (key: WatchKey, answer: TimedResolution, changed: boolean) => void;
}

interface Watch {
  readonly name: WatchedName;
  readonly controller: AbortController;
  latest: TimedResolution | undefined;
}

/** Queries are spread over this share of the TTL, or this many ms, whichever is less. */
const JITTER_SHARE = 0.1;
const MAX_JITTER_MS = 2_000;

/** Keeps the answers for a set of names fresh while it runs. */
export class NameWatcher {
  readonly #dependencies: WatcherDependencies;
  readonly #watches = new Map<WatchKey, Watch>();
  readonly #loops = new Set<Promise<void>>();
  readonly #broken = Promise.withResolvers<never>();
  #signal: AbortSignal | undefined;

  constructor(dependencies: WatcherDependencies) {
    this.#dependencies = dependencies;
    // The caller of `run` gets this error. Before `run` no query is sent, so nothing can fail.
    this.#broken.promise.catch(() => undefined);
  }

  /** Replaces the set of names. Watches that are still needed go on. May be called at any time. */
  watch(names: readonly WatchedName[]): void {
    const wanted = new Map(names.map((name) => [watchKey(name), name]));
    for (const [key, watch] of [...this.#watches]) {
      if (wanted.has(key)) continue;
      this.#watches.delete(key);
      watch.controller.abort(new Error('the name is not watched any more'));
    }
    for (const [key, name] of wanted) {
      if (this.#watches.has(key)) continue;
      const watch: Watch = { name, controller: new AbortController(), latest: undefined };
      this.#watches.set(key, watch);
      if (this.#signal !== undefined) this.#follow(key, watch);
    }
  }

  /** The newest answer, whatever its age; undefined for a name without a watch or without an answer yet. */
  latest(key: WatchKey): TimedResolution | undefined {
    return this.#watches.get(key)?.latest;
  }

  /** Queries until `signal` aborts; resolves when the last query has ended. To be called once. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    for (const [key, watch] of this.#watches) this.#follow(key, watch);
    try {
      await untilAborted(signal, this.#broken.promise);
    } finally {
      this.#signal = undefined;
      this.watch([]);
      await Promise.all(this.#loops);
    }
  }

  #follow(key: WatchKey, watch: Watch): void {
    const loop = this.#loop(key, watch).catch((error) => {
      if (!watch.controller.signal.aborted) this.#broken.reject(error);
    });
    this.#loops.add(loop);
    loop.finally(() => this.#loops.delete(loop));
  }

  async #loop(key: WatchKey, watch: Watch): Promise<void> {
    const { resolver, clock, random, onAnswer, once = false } = this.#dependencies;
    const { source, settings } = watch.name;
    const { signal } = watch.controller;
    while (!signal.aborted) {
      const answer = await resolver.resolveTimed(source, settings, signal);
      const changed = watch.latest === undefined || !saysTheSame(watch.latest.resolution, answer.resolution);
      watch.latest = answer;
      onAnswer(key, answer, changed);
      if (once) return;
      const freshForMs = Math.max(0, answer.freshUntilMs - clock.monotonicNow());
      const jitterMs = random.integer(1 + Math.floor(Math.min(MAX_JITTER_MS, freshForMs * JITTER_SHARE)));
      await clock.sleep(freshForMs + jitterMs, signal);
    }
  }
}

export function watchKey({ source, settings }: WatchedName): WatchKey {
  const name = source.kind === 'host' ? source.host : source.srv;
  const { servers, timeoutMs, attempts, minTtlMs, maxTtlMs, hosts } = settings;
  return [
    source.kind,
    name,
    servers.map(serverKey).join(','),
    timeoutMs,
    attempts,
    minTtlMs,
    maxTtlMs,
    hosts,
  ].join(' ') as WatchKey;
}

/** TTLs count down and messages name servers; neither is a change. */
function saysTheSame(a: NameResolution, b: NameResolution): boolean {
  return gist(a.IPv4) === gist(b.IPv4) && gist(a.IPv6) === gist(b.IPv6);
}

function gist(resolution: Resolution): string {
  if (resolution.outcome !== 'resolved') return resolution.reason;
  const { answers, missing = [], cutFrom } = resolution;
  return JSON.stringify([answers, missing.map(({ host, absence }) => [host, absence.reason]), cutFrom]);
}

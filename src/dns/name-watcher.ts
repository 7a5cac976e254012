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

/** Name, record type and all settings that change what is asked or when: equal keys share one watch. */
export type WatchKey = string & { readonly __brand: 'WatchKey' };

export interface WatcherDependencies {
  readonly resolver: TimedResolver;
  readonly clock: Clock;
  readonly random: Random;
  /** Told of every answer, `changed` when it says something else than the one before. Must not throw. */
  readonly onAnswer: (key: WatchKey, answer: TimedResolution, changed: boolean) => void;
}

interface Watch {
  readonly name: WatchedName;
  readonly controller: AbortController;
  latest: TimedResolution | undefined;
}

/** Names that expire together are asked for again within this share of their time, or this many ms, whichever is less. */
const JITTER_SHARE = 0.1;
const MAX_JITTER_MS = 2_000;

/** Keeps the answers to a set of names fresh for as long as it runs. */
export class NameWatcher {
  readonly #dependencies: WatcherDependencies;
  readonly #watches = new Map<WatchKey, Watch>();
  readonly #loops = new Set<Promise<void>>();
  readonly #broken = Promise.withResolvers<never>();
  #signal: AbortSignal | undefined;

  constructor(dependencies: WatcherDependencies) {
    this.#dependencies = dependencies;
    // Whoever runs the watcher hears of it; without a runner nothing is asked, so nothing can break.
    this.#broken.promise.catch(() => undefined);
  }

  /** Replaces the set. What was watched already goes on undisturbed; may be called at any time. */
  watch(names: readonly WatchedName[]): void {
    const wanted = new Map(names.map((name) => [watchKey(name), name]));
    for (const [key, watch] of [...this.#watches]) {
      if (wanted.has(key)) continue;
      this.#watches.delete(key);
      watch.controller.abort(new Error('the name is no longer watched'));
    }
    for (const [key, name] of wanted) {
      if (this.#watches.has(key)) continue;
      const watch: Watch = { name, controller: new AbortController(), latest: undefined };
      this.#watches.set(key, watch);
      if (this.#signal !== undefined) this.#follow(key, watch);
    }
  }

  /** The newest answer, however old; undefined when the name is not watched or was not answered yet. */
  latest(key: WatchKey): TimedResolution | undefined {
    return this.#watches.get(key)?.latest;
  }

  /** Asks until `signal` aborts, and resolves when the last question has ended. To be called once. */
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
    const { resolver, clock, random, onAnswer } = this.#dependencies;
    const { source, settings } = watch.name;
    const { signal } = watch.controller;
    while (!signal.aborted) {
      const answer = await resolver.resolveTimed(source, settings, signal);
      const changed = watch.latest === undefined || !saysTheSame(watch.latest.resolution, answer.resolution);
      watch.latest = answer;
      onAnswer(key, answer, changed);
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

/** TTLs count down and messages name servers: neither is news. */
function saysTheSame(a: NameResolution, b: NameResolution): boolean {
  return gist(a.IPv4) === gist(b.IPv4) && gist(a.IPv6) === gist(b.IPv6);
}

function gist(resolution: Resolution): string {
  if (resolution.outcome !== 'resolved') return resolution.reason;
  const { answers, missing = [], cutFrom } = resolution;
  return JSON.stringify([answers, missing.map(({ host, absence }) => [host, absence.reason]), cutFrom]);
}

import { NameWatcher, type WatchKey } from '../dns/name-watcher.ts';
import type { TimedResolution, TimedResolver } from '../dns/resolver.ts';
import { HealthMemory } from '../health/memory.ts';
import { Monitor, type Observation } from '../health/monitor.ts';
import type { Prober } from '../health/probe.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { Task } from '../time/run-together.ts';
import { CheckSet } from './check-set.ts';
import type { Metrics } from './metrics.ts';
import type { TargetEntry } from './target-record.ts';
import type { TargetBook } from './target-registry.ts';

export interface LookoutPorts {
  readonly resolver: TimedResolver;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
}

export interface LookoutSettings {
  readonly maxProbesInFlight: number;
  /** Something about the entry may be other than it was. */
  readonly onNews: (entry: TargetEntry) => void;
  readonly onVerdict: () => void;
}

/** Looks outside the cluster, leading or not: follows the names of all targets and checks their addresses. */
export class Lookout {
  readonly checks: CheckSet;
  /** The two that go on until they are told to stop. */
  readonly tasks: readonly Task[];
  readonly #ports: LookoutPorts;
  readonly #book: TargetBook;
  readonly #settings: LookoutSettings;
  readonly #names: NameWatcher;
  #healthyAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: LookoutPorts, book: TargetBook, settings: LookoutSettings) {
    const { resolver, prober, clock, random } = ports;
    this.#ports = ports;
    this.#book = book;
    this.#settings = settings;
    this.#names = new NameWatcher({
      resolver,
      clock,
      random,
      onAnswer: (key, answer) => this.#onAnswer(key, answer),
    });
    const monitor = new Monitor({
      prober,
      clock,
      random,
      maxInFlight: settings.maxProbesInFlight,
      onObservation: (observation) => this.#onObservation(observation),
    });
    this.checks = new CheckSet(monitor, new HealthMemory(new Map()));
    this.tasks = [(signal) => this.#names.run(signal), (signal) => monitor.run(signal)];
  }

  /** Follows the names that the book has now; addresses are checked once a decision has found out which. */
  followNames(): void {
    this.#names.watch(this.#book.names());
  }

  /** When a check last found anything healthy, on the monotonic clock; -Infinity when none ever did. */
  get lastHealthyMs(): number {
    return this.#healthyAtMs;
  }

  #onAnswer(key: WatchKey, answer: TimedResolution): void {
    for (const each of [answer.resolution.IPv4, answer.resolution.IPv6]) {
      this.#ports.metrics.resolved(each.outcome === 'resolved' ? 'Resolved' : each.reason);
    }
    for (const { entry, source } of this.#book.usersOf(key)) {
      entry.answers.set(source, answer);
      // Unchanged answers too: rotation and holds are counted in answers.
      this.#settings.onNews(entry);
    }
  }

  #onObservation({ check, sample, before, after }: Observation): void {
    this.#ports.metrics.probed(sample.reason);
    if (sample.healthy) this.#healthyAtMs = this.#ports.clock.monotonicNow();
    if (before.verdict === after.verdict) return;
    this.#settings.onVerdict();
    for (const key of this.checks.usersOf(check.id)) {
      const entry = this.#book.entries.get(key);
      if (entry !== undefined) this.#settings.onNews(entry);
    }
  }
}

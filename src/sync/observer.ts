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
import type { TargetRecord } from './target-record.ts';
import type { TargetRegistry } from './target-registry.ts';

export interface ObserverPorts {
  readonly resolver: TimedResolver;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
}

export interface ObserverSettings {
  readonly maxProbesInFlight: number;
  /** Something about the entry may be other than it was. */
  readonly onNews: (record: TargetRecord) => void;
  readonly onVerdict: () => void;
}

/** Looks outside the cluster, leading or not: follows the names of all targets and checks their addresses. */
export class Observer {
  readonly checks: CheckSet;
  /** The two that go on until they are told to stop. */
  readonly tasks: readonly Task[];
  readonly #ports: ObserverPorts;
  readonly #registry: TargetRegistry;
  readonly #settings: ObserverSettings;
  readonly #names: NameWatcher;
  #lastSuccessfulProbeMs = Number.NEGATIVE_INFINITY;

  constructor(ports: ObserverPorts, registry: TargetRegistry, settings: ObserverSettings) {
    const { resolver, prober, clock, random } = ports;
    this.#ports = ports;
    this.#registry = registry;
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
    this.#names.watch(this.#registry.names());
  }

  /** When a check last found anything healthy, on the monotonic clock; -Infinity when none ever did. */
  get lastSuccessfulProbeMs(): number {
    return this.#lastSuccessfulProbeMs;
  }

  #onAnswer(key: WatchKey, answer: TimedResolution): void {
    for (const each of [answer.resolution.IPv4, answer.resolution.IPv6]) {
      this.#ports.metrics.resolved(each.outcome === 'resolved' ? 'Resolved' : each.reason);
    }
    for (const { record, source } of this.#registry.usersOf(key)) {
      record.answers.set(source, answer);
      // Unchanged answers too: rotation and holds are counted in answers.
      this.#settings.onNews(record);
    }
  }

  #onObservation({ check, sample, before, after }: Observation): void {
    this.#ports.metrics.probed(sample.reason);
    if (sample.healthy) this.#lastSuccessfulProbeMs = this.#ports.clock.monotonicNow();
    if (before.verdict === after.verdict) return;
    this.#settings.onVerdict();
    for (const key of this.checks.usersOf(check.id)) {
      const record = this.#registry.records.get(key);
      if (record !== undefined) this.#settings.onNews(record);
    }
  }
}

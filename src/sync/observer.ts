import { NameWatcher, type WatchKey } from '../dns/name-watcher.ts';
import type { TimedResolution, TimedResolver } from '../dns/resolver.ts';
import { sourceKey } from '../endpoint/candidate.ts';
import type { CheckId } from '../health/health.ts';
import type { Observation } from '../health/monitor.ts';
import type { Prober } from '../health/probe.ts';
import type { IpAddress } from '../model/ip-address.ts';
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

/** How far a run is, for a progress line. */
export type OnProgress = (step: 'resolving' | 'checking' | 'writing', done: number, total: number) => void;

export interface ObserverSettings {
  readonly maxProbesInFlight: number;
  /** With `once`: every name is asked once, and every check is made until it has a verdict. */
  readonly once: boolean;
  /** Something about the record may have changed. */
  readonly onNews: (record: TargetRecord) => void;
  readonly onVerdict: () => void;
  readonly onProgress: OnProgress;
}

interface SeenHost {
  readonly address: IpAddress;
  /** On the monotonic clock. */
  readonly atMs: number;
}

/** Looks outside the cluster, leading or not: follows the names of all targets and checks their addresses. */
export class Observer {
  readonly checks: CheckSet;
  /** The name watcher and the checks; both run until a signal. */
  readonly tasks: readonly Task[];
  readonly #ports: ObserverPorts;
  readonly #registry: TargetRegistry;
  readonly #settings: ObserverSettings;
  readonly #names: NameWatcher;
  /** The two hosts that were found healthy last, the newest first: the second one counts for a question that excludes the first. */
  #healthyHosts: readonly SeenHost[] = [];
  #answered = 0;
  #isResolvingOver = false;
  #isCheckingOver = false;

  constructor(ports: ObserverPorts, registry: TargetRegistry, settings: ObserverSettings) {
    const { resolver, prober, clock, random } = ports;
    this.#ports = ports;
    this.#registry = registry;
    this.#settings = settings;
    this.#names = new NameWatcher({
      resolver,
      clock,
      random,
      once: settings.once,
      onAnswer: (key, answer) => this.#onAnswer(key, answer),
    });
    this.checks = new CheckSet({
      prober,
      clock,
      random,
      maxInFlight: settings.maxProbesInFlight,
      once: settings.once,
      onObservation: (observation) => this.#onObservation(observation),
      onEnded: (id) => this.#onEnded(id),
    });
    this.tasks = [(signal) => this.#names.run(signal), (signal) => this.checks.run(signal)];
  }

  /** Follows the names that the registry has now; addresses are checked once a decision has found out which. */
  followNames(): void {
    this.#names.watch(this.#registry.names());
  }

  /** The time for names is over: a name without an answer counts as unanswered. */
  endResolving(): void {
    if (this.#isResolvingOver) return;
    this.#notifyUnobserved(() => {
      this.#isResolvingOver = true;
      this.#names.watch([]);
    });
  }

  /** The time for verdicts is over: an address without one stays as it is published. */
  endChecking(): void {
    this.endResolving();
    if (this.#isCheckingOver) return;
    this.#isCheckingOver = true;
    this.#notifyUnobserved(() => this.checks.endTime());
  }

  /** Every name of the target was answered once and every check has a verdict, as far as anybody waits for them. */
  isObserved({ key, target, answers }: TargetRecord): boolean {
    if (target === undefined) return true;
    const isAnswered =
      this.#isResolvingOver ||
      target.endpoints.every((source) => source.kind === 'address' || answers.has(sourceKey(source)));
    return isAnswered && this.checks.haveVerdicts(key);
  }

  /** When a check last found anything healthy, on the monotonic clock; -Infinity when none ever did. */
  get lastSuccessfulProbeMs(): number {
    return this.#healthyHosts[0]?.atMs ?? Number.NEGATIVE_INFINITY;
  }

  /** The same, on a host that is none of these. */
  otherHostSeenMs(addresses: ReadonlySet<IpAddress>): number {
    const other = this.#healthyHosts.find(({ address }) => !addresses.has(address));
    return other?.atMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Records that were observed before are not decided again for this. */
  #notifyUnobserved(end: () => void): void {
    const unobserved = [...this.#registry.records.values()].filter((record) => !this.isObserved(record));
    end();
    for (const record of unobserved) this.#settings.onNews(record);
  }

  #onAnswer(key: WatchKey, answer: TimedResolution): void {
    for (const each of [answer.resolution.IPv4, answer.resolution.IPv6]) {
      this.#ports.metrics.resolved(each.outcome === 'resolved' ? 'Resolved' : each.reason);
    }
    if (this.#settings.once) {
      this.#answered += 1;
      this.#settings.onProgress('resolving', this.#answered, this.#registry.nameCount);
    }
    for (const { record, source } of this.#registry.usersOf(key)) {
      record.answers.set(source, answer);
      // Unchanged answers too: rotation and holds are counted in answers.
      this.#settings.onNews(record);
    }
  }

  #onObservation({ check, sample, before, after }: Observation): void {
    this.#ports.metrics.probed(sample.reason);
    if (sample.healthy) this.#noteHealthy(check.address);
    if (before.verdict === after.verdict) return;
    this.#settings.onVerdict();
    // A run that waits for every verdict hears of them when a check has ended.
    if (!this.#settings.once) this.#notifyUsers(check.id);
  }

  #noteHealthy(address: IpAddress): void {
    const others = this.#healthyHosts.filter((host) => host.address !== address);
    const newest = { address, atMs: this.#ports.clock.monotonicNow() };
    this.#healthyHosts = [newest, ...others.slice(0, 1)];
  }

  #onEnded(id: CheckId): void {
    const { ended, all } = this.checks.progress;
    this.#settings.onProgress('checking', ended, all);
    this.#notifyUsers(id);
  }

  #notifyUsers(id: CheckId): void {
    for (const key of this.checks.usersOf(id)) {
      const record = this.#registry.records.get(key);
      if (record !== undefined) this.#settings.onNews(record);
    }
  }
}

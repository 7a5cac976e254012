import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { DNS_COUNTS } from '../dns/counters.ts';
import type { CountingResolver } from '../dns/stub-resolver.ts';
import type { Metrics } from '../sync/metrics.ts';

/** The text for Prometheus, and the port that fills it. */
export interface PrometheusMetrics {
  readonly metrics: Metrics;
  readonly contentType: string;
  text(): Promise<string>;
}

const PREFIX = 'external_endpoints_';

/** From the time that an idle API server takes to the time-out of its clients. */
const APPLY_BUCKETS_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];

/** A registry of its own, so that several can exist in one process. */
export function createPrometheusMetrics(
  resolver: Pick<CountingResolver, 'counters' | 'load'>,
): PrometheusMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[] = []) =>
    new Counter({ name: PREFIX + name, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: PREFIX + name, help, labelNames, registers });

  const listReads = counter('list_reads_total', 'Target lists read, by result.', ['result']);
  const listBroken = gauge(
    'list_broken',
    '1 while the newest list is broken or empty, and the last good list is active.',
  );
  const leader = gauge('leader', '1 on the leader, 0 on standbys.');
  const listsDiffer = gauge(
    'lists_differ',
    '1 on a standby whose lists are not those of the leader: nobody publishes them.',
  );
  const queueDepth = gauge('workqueue_depth', 'Targets in the work queue.');
  const queueAge = gauge(
    'workqueue_longest_wait_seconds',
    'The longest time that a target in the work queue has waited.',
  );
  const decisions = counter('reconcile_total', 'Decisions, one for each target.');
  const writes = counter('writes_total', 'Objects written, by verb and kind.', ['verb', 'kind']);
  const repairs = counter(
    'drift_repairs_total',
    'Objects that another program had changed and that were repaired, by kind.',
    ['kind'],
  );
  const settling = new Histogram({
    name: `${PREFIX}apply_duration_seconds`,
    help: 'Time from the first cause of a decision until its plan was applied.',
    buckets: APPLY_BUCKETS_SECONDS,
    registers,
  });
  const targetPhases = gauge('targets', 'Targets by phase.', ['phase']);
  const addresses = gauge('addresses', 'Addresses of all targets, by readiness and reason.', [
    'ready',
    'reason',
  ]);
  const probes = counter('probes_total', 'Health checks, by result.', ['reason']);
  const answers = counter('dns_answers_total', 'DNS answers, one for each family, by reason.', ['reason']);
  const requests = counter('api_requests_total', 'Requests to the API server; code 0 means no answer.', [
    'verb',
    'code',
  ]);

  // The resolver counts itself; its counts are read when the metrics are.
  new Counter({
    name: `${PREFIX}dns_resolver_events_total`,
    help: 'Events of the DNS resolver, such as queries, time-outs and stray datagrams.',
    labelNames: ['event'],
    registers,
    collect() {
      this.reset();
      for (const event of DNS_COUNTS) this.inc({ event }, resolver.counters[event]);
    },
  });
  new Gauge({
    name: `${PREFIX}dns_questions`,
    help: 'DNS queries in flight, and those that wait for a slot.',
    labelNames: ['state'],
    registers,
    collect() {
      const { inFlight, waiting } = resolver.load();
      this.set({ state: 'inFlight' }, inFlight);
      this.set({ state: 'waiting' }, waiting);
    },
  });

  const events = counter('events_total', 'Kubernetes Events, by outcome.', ['outcome']);

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    metrics: {
      listRead(result) {
        listReads.inc({ result });
        listBroken.set(result === 'Applied' ? 0 : 1);
      },
      repaired: (kind) => repairs.inc({ kind }),
      leading: (isLeader) => leader.set(isLeader ? 1 : 0),
      listsDiffer: (isSo) => listsDiffer.set(isSo ? 1 : 0),
      queue(depth, oldestAgeMs) {
        queueDepth.set(depth);
        queueAge.set(oldestAgeMs / 1000);
      },
      decided: (count) => decisions.inc(count),
      wrote: (verb, kind) => writes.inc({ verb, kind }),
      appliedAfter: (durationMs) => settling.observe(durationMs / 1000),
      targets(reports) {
        targetPhases.reset();
        addresses.reset();
        for (const { phase, endpoints } of reports) {
          targetPhases.inc({ phase });
          for (const { ready, reason } of endpoints) addresses.inc({ ready: String(ready), reason });
        }
      },
      probed: (reason) => probes.inc({ reason }),
      resolved: (reason) => answers.inc({ reason }),
      eventTold: (outcome) => events.inc({ outcome }),
      apiRequest: (verb, code) => requests.inc({ verb, code: String(code) }),
    },
  };
}

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { DNS_COUNTS } from '../dns/counters.ts';
import type { CountingResolver } from '../dns/stub-resolver.ts';
import type { Metrics } from '../sync/metrics.ts';

/** Prometheus' text, and the port that fills it. */
export interface PrometheusMetrics {
  readonly metrics: Metrics;
  readonly contentType: string;
  text(): Promise<string>;
}

const PREFIX = 'external_endpoints_';

/** From what a quiet API server takes to what its client gives up after. */
const APPLY_BUCKETS_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];

/** A registry of its own: nothing global, so that several may live in one process. */
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

  const listReads = counter('list_reads_total', 'Target lists read, by what came of it.', ['result']);
  const listBroken = gauge(
    'list_broken',
    'Whether the newest list is not in force, because it is broken or empty (1), or is (0).',
  );
  const leader = gauge('leader', 'Whether this replica leads (1) or stands by (0).');
  const queueDepth = gauge('workqueue_depth', 'Targets that wait to be decided.');
  const queueAge = gauge(
    'workqueue_longest_wait_seconds',
    'How long the target at the head of the queue has waited.',
  );
  const decisions = counter('reconcile_total', 'Decisions taken, one a target.');
  const writes = counter('writes_total', 'Objects written, by verb and kind.', ['verb', 'kind']);
  const repairs = counter('drift_repairs_total', 'Changes by others that were put right, by kind.', ['kind']);
  const settling = new Histogram({
    name: `${PREFIX}apply_duration_seconds`,
    help: 'Time from the first cause of a decision until its plan was carried out.',
    buckets: APPLY_BUCKETS_SECONDS,
    registers,
  });
  const targetPhases = gauge('targets', 'Targets by phase.', ['phase']);
  const addresses = gauge('addresses', 'Addresses of all targets, by whether and why they are ready.', [
    'ready',
    'reason',
  ]);
  const probes = counter('probes_total', 'Health checks, by what they found.', ['reason']);
  const answers = counter('dns_answers_total', 'Answers to questions for names, by outcome.', ['reason']);
  const requests = counter('api_requests_total', 'Requests to the API server; code 0 had no answer.', [
    'verb',
    'code',
  ]);

  // The resolver counts by itself; it is asked when somebody reads.
  new Counter({
    name: `${PREFIX}dns_resolver_events_total`,
    help: 'What the DNS resolver did and met, by kind: queries sent, time-outs, datagrams that answered nothing.',
    labelNames: ['event'],
    registers,
    collect() {
      this.reset();
      for (const event of DNS_COUNTS) this.inc({ event }, resolver.counters[event]);
    },
  });
  new Gauge({
    name: `${PREFIX}dns_questions`,
    help: 'Questions to DNS servers that are being asked, and that wait for a place.',
    labelNames: ['state'],
    registers,
    collect() {
      const { inFlight, waiting } = resolver.load();
      this.set({ state: 'inFlight' }, inFlight);
      this.set({ state: 'waiting' }, waiting);
    },
  });

  const events = counter('events_total', 'Events for people, by what became of them.', ['outcome']);

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

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DNS_COUNTS, newCounters } from '../../../src/dns/counters.ts';
import { createPrometheusMetrics } from '../../../src/io/prometheus.ts';

const AT_REST = { counters: newCounters(), load: () => ({ inFlight: 0, waiting: 0 }) };

async function linesOf(registry: ReturnType<typeof createPrometheusMetrics>): Promise<string[]> {
  return (await registry.text()).split('\n').filter((line) => line.startsWith('external_endpoints_'));
}

const PUBLISHED = {
  phase: 'Published',
  endpoints: [
    { address: '10.0.0.1', ready: true, reason: 'VantageSuspect', message: '', source: 'address' },
    { address: '10.0.0.2', ready: false, reason: 'ConnectionRefused', message: '', source: 'address' },
  ],
} as const;

describe('metrics for Prometheus', () => {
  it('count the calls of the worker', async () => {
    const registry = createPrometheusMetrics(AT_REST);
    const { metrics } = registry;
    metrics.listRead('Applied');
    metrics.listRead('InvalidTargetList');
    metrics.repaired('Service');
    metrics.leading(true);
    metrics.queue(3, 1_500);
    metrics.decided(2);
    metrics.wrote('create', 'Service');
    metrics.appliedAfter(70);
    metrics.targets([PUBLISHED, PUBLISHED]);
    metrics.probed('Connected');
    metrics.resolved('NameNotFound');
    metrics.eventTold('written');
    metrics.apiRequest('PATCH', 200);
    metrics.apiRequest('PATCH', 0);
    expect(await linesOf(registry)).toEqual(
      expect.arrayContaining([
        'external_endpoints_list_reads_total{result="Applied"} 1',
        'external_endpoints_list_reads_total{result="InvalidTargetList"} 1',
        'external_endpoints_list_broken 1',
        'external_endpoints_drift_repairs_total{kind="Service"} 1',
        'external_endpoints_leader 1',
        'external_endpoints_workqueue_depth 3',
        'external_endpoints_workqueue_longest_wait_seconds 1.5',
        'external_endpoints_reconcile_total 2',
        'external_endpoints_writes_total{verb="create",kind="Service"} 1',
        'external_endpoints_apply_duration_seconds_bucket{le="0.05"} 0',
        'external_endpoints_apply_duration_seconds_bucket{le="0.1"} 1',
        'external_endpoints_apply_duration_seconds_sum 0.07',
        'external_endpoints_targets{phase="Published"} 2',
        'external_endpoints_addresses{ready="true",reason="VantageSuspect"} 2',
        'external_endpoints_addresses{ready="false",reason="ConnectionRefused"} 2',
        'external_endpoints_probes_total{reason="Connected"} 1',
        'external_endpoints_dns_answers_total{reason="NameNotFound"} 1',
        'external_endpoints_events_total{outcome="written"} 1',
        'external_endpoints_api_requests_total{verb="PATCH",code="200"} 1',
        'external_endpoints_api_requests_total{verb="PATCH",code="0"} 1',
      ]),
    );
  });

  it('read the counts of the resolver at each scrape', async () => {
    const counters = newCounters();
    const registry = createPrometheusMetrics({ counters, load: () => ({ inFlight: 2, waiting: 5 }) });
    for (const [strays, floods] of [
      [3, 0],
      [103, 1],
    ] as const) {
      Object.assign(counters, { strays, floods });
      const lines = await linesOf(registry);
      const events = lines.filter((line) => line.startsWith('external_endpoints_dns_resolver_events_total'));
      expect(events).toHaveLength(DNS_COUNTS.length);
      expect(events).toContain(`external_endpoints_dns_resolver_events_total{event="strays"} ${strays}`);
      expect(events).toContain(`external_endpoints_dns_resolver_events_total{event="floods"} ${floods}`);
      expect(lines).toContain('external_endpoints_dns_questions{state="inFlight"} 2');
      expect(lines).toContain('external_endpoints_dns_questions{state="waiting"} 5');
    }
  });

  it('set a phase without targets to 0', async () => {
    const registry = createPrometheusMetrics(AT_REST);
    registry.metrics.targets([{ phase: 'Failed', endpoints: [] }]);
    registry.metrics.targets([PUBLISHED]);
    const phases = (await linesOf(registry)).filter((line) => line.startsWith('external_endpoints_targets'));
    expect(phases).toEqual(['external_endpoints_targets{phase="Published"} 1']);
  });

  it('are separate from those of another registry, and in the format of Prometheus', async () => {
    const [one, other] = [createPrometheusMetrics(AT_REST), createPrometheusMetrics(AT_REST)];
    one.metrics.decided(1);
    expect(await linesOf(other)).toContain('external_endpoints_reconcile_total 0');
    expect(one.contentType).toContain('text/plain; version=0.0.4');
    const text = await one.text();
    const names = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
    for (const line of text.split('\n').filter((each) => each !== '' && !each.startsWith('#'))) {
      const name = /^[a-z_0-9]+/.exec(line)?.[0].replace(/_(bucket|sum|count)$/, '') ?? '';
      expect(names.has(name) || names.has(/^[a-z_0-9]+/.exec(line)?.[0] ?? ''), line).toBe(true);
    }
  });

  it('are exactly those in docs/metrics.md, with type and labels', async () => {
    const registry = createPrometheusMetrics(AT_REST);
    const { metrics } = registry;
    // A label shows once there is something to count.
    metrics.listRead('Applied');
    metrics.wrote('create', 'Service');
    metrics.repaired('Service');
    metrics.targets([PUBLISHED]);
    metrics.probed('Connected');
    metrics.resolved('Resolved');
    metrics.eventTold('written');
    metrics.apiRequest('GET', 200);
    const text = await registry.text();
    const offered = [...text.matchAll(/^# TYPE (external_endpoints_\w+) (\w+)$/gm)].map(
      ([, name = '', type = '']) => {
        const [, labels = ''] = new RegExp(`^${name}(?:_bucket)?\\{(.*)\\}`, 'm').exec(text) ?? [];
        const names = [...labels.matchAll(/(\w+)=/g)]
          .map(([, label]) => label)
          .filter((label) => label !== 'le');
        return `${name} ${type} ${names.join(' ')}`.trim();
      },
    );
    const doc = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
    const documented = [...doc.matchAll(/^\| `(external_endpoints_\w+)` \| (\w+) \| ?([^|]*)\|/gm)].map(
      ([, name = '', type = '', labels = '']) => `${name} ${type} ${labels.replaceAll(/[`,]/g, '')}`.trim(),
    );
    expect(documented.toSorted()).toEqual(offered.toSorted());
  });
});

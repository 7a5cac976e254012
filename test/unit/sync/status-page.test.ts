import { describe, expect, it } from 'vitest';
import { statusPage } from '../../../src/sync/status-page.ts';
import type { TargetReport } from '../../../src/sync/sync-report.ts';

function targetOf(name: string, more: Partial<TargetReport> = {}): TargetReport {
  const endpoint = { address: '10.0.0.1', ready: true, reason: 'Connected', message: '', source: 'address' };
  return {
    namespace: 'shop',
    name,
    phase: 'Published',
    reason: 'AllReady',
    message: '',
    endpoints: [endpoint],
    actions: [],
    ...more,
  };
}

function pageOf(...targets: readonly TargetReport[]): string {
  return statusPage({ version: '1.2.3', instance: 'default', identity: 'here', leading: true, targets });
}

describe('the status page', () => {
  it('shows trouble first, and says so in its title', () => {
    const down = {
      address: '10.0.0.9',
      ready: false,
      reason: 'Refused',
      message: 'connect ECONNREFUSED',
      source: 'host db.example',
    };
    const page = pageOf(
      targetOf('well'),
      targetOf('ill', { phase: 'Failed', reason: 'NoneReady', endpoints: [down] }),
    );
    expect(page).toContain('<title>external-endpoints: 1 of 2 targets in trouble</title>');
    expect(page.indexOf('shop/ill')).toBeLessThan(page.indexOf('shop/well'));
    for (const text of ['10.0.0.9', 'Refused', 'connect ECONNREFUSED', 'host db.example'])
      expect(page).toContain(text);
  });

  it('shows a target without addresses with what is said of it', () => {
    const page = pageOf(targetOf('new', { phase: 'Refused', message: 'it has a selector', endpoints: [] }));
    expect(page).toContain('<td colspan="4">it has a selector</td>');
  });

  it('takes nothing that is said for a part of the page', () => {
    const message = `"><script>alert('x')</script>&`;
    const endpoints = [{ address: '::1', ready: false, reason: 'X', message, source: message }];
    const page = pageOf(targetOf('db', { message, endpoints }));
    expect(page).not.toContain('<script');
    expect(page).not.toContain('&<');
    expect(page).toContain('&#60;script&#62;');
  });

  it('is bounded, whatever the list', () => {
    const page = pageOf(...Array.from({ length: 5_000 }, (_, at) => targetOf(`db-${at}`)));
    expect(page.match(/<tr class="first">/g)).toHaveLength(2_000);
    expect(page).toContain('3000 more rows: see /api/status.');
  });
});

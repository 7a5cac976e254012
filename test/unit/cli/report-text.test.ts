import { describe, expect, it } from 'vitest';
import { reportText } from '../../../src/cli/rendering/report-text.ts';
import type { EndpointReport, SyncReport, TargetReport } from '../../../src/sync/sync-report.ts';
import { summarize } from '../../../src/sync/sync-report.ts';
import { recordingTerminal } from '../../support/recording-terminal.ts';

const { out } = recordingTerminal();

const READY: EndpointReport = {
  address: '10.0.0.1',
  ready: true,
  reason: 'Connected',
  message: 'connected',
  source: 'address',
  latencyMs: 1.5,
};

function target(fields: Partial<TargetReport>): TargetReport {
  const base = {
    namespace: 'shop',
    name: 'db',
    phase: 'Published',
    reason: 'AllReady',
    message: '',
  } as const;
  return { ...base, endpoints: [], actions: [], ...fields };
}

function report(...targets: readonly TargetReport[]): SyncReport {
  return { summary: summarize(targets, { requests: 1, durationMs: 12.3 }), targets };
}

/** The rows of the table without its header, with runs of spaces collapsed. */
function rowsOf(text: string): string[] {
  const [table = ''] = text.split('\n\n');
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/ {2,}/g, ' | '));
}

const row = (endpoint: Partial<EndpointReport>) =>
  rowsOf(reportText(report(target({ endpoints: [{ ...READY, ...endpoint }] })), 'done', out));

describe('the row of an address', () => {
  it('shows the reason when it is ready', () => {
    expect(row({})).toEqual(['shop/db | 10.0.0.1 | ready | Connected | 1.5 ms | address | -']);
  });

  it('shows the reason and the message when it is not ready', () => {
    const fields = { ready: false, reason: 'ConnectTimeout', message: 'no answer within 2 s' };
    expect(row(fields)[0]).toContain('not ready | ConnectTimeout: no answer within 2 s | 1.5 ms');
  });

  it('shows why and until when it is held', () => {
    const held = { reason: 'NameNotFound', message: 'gone', until: '2026-01-01T14:03:05.123Z' };
    expect(row({ held })[0]).toContain('Connected; held until 2026-01-01T14:03:05Z (NameNotFound: gone)');
    const forever = { reason: 'AddressLeftAnswer', message: '', until: null };
    expect(row({ held: forever })[0]).toContain('Connected; held (AddressLeftAnswer)');
  });

  it('names the failing ports when other ports are ready', () => {
    const port = { ready: true, reason: 'Connected' };
    const ports = [
      { ...port, name: 'sql', port: 1 },
      { ...port, name: 'http', port: 80, ready: false },
      { ...port, name: '', port: 81, ready: false },
    ];
    expect(row({ ready: false, reason: 'ConnectionRefused', message: '', ports })[0]).toContain(
      'http, 81: ConnectionRefused',
    );
  });

  it('shows no latency when the address was never measured', () => {
    const { latencyMs: _none, ...unmeasured } = READY;
    const text = reportText(report(target({ endpoints: [unmeasured] })), 'done', out);
    expect(rowsOf(text)[0]).toContain('Connected | - | address');
  });
});

describe('the rows of a target', () => {
  it('are one row with the reason when it has no address, plus a line below the table', () => {
    const trouble = target({ phase: 'NotReady', reason: 'NameNotFound', message: 'host x does not exist' });
    const text = reportText(report(trouble), 'done', out);
    expect(rowsOf(text)).toEqual(['shop/db | - | NotReady | NameNotFound | - | - | -']);
    expect(text).toContain('\n\nshop/db: NotReady (NameNotFound): host x does not exist\n\n');
  });

  it('list the writes on the first row, grouped by verb and kind', () => {
    const action = (verb: 'create' | 'update' | 'delete', kind: string, name: string) => ({
      verb,
      kind,
      name,
      reason: 'X',
    });
    const actions = [
      action('create', 'EndpointSlice', 'db-ipv4-0'),
      action('create', 'EndpointSlice', 'db-ipv4-1'),
      action('update', 'Endpoints', 'db'),
      action('update', 'Endpoints', 'db'),
      action('delete', 'EndpointSlice', 'old'),
    ];
    const endpoints = [READY, { ...READY, address: '10.0.0.2' }];
    const done = rowsOf(reportText(report(target({ actions, endpoints })), 'done', out));
    expect(done[0]).toMatch(/created 2 EndpointSlices; updated Endpoints; deleted EndpointSlice$/);
    expect(done[1]).toBe(' | 10.0.0.2 | ready | Connected | 1.5 ms | address');
    const planned = reportText(report(target({ actions, endpoints })), 'planned', out);
    expect(planned).toContain('TO WRITE');
    expect(planned).toContain('create 2 EndpointSlices; update Endpoints; delete EndpointSlice');
  });

  it('are followed by the warnings of the API server', () => {
    const text = reportText(report(target({ warnings: ['spec.x is deprecated'] })), 'done', out);
    expect(text).toContain('\n\nshop/db: warning: spec.x is deprecated\n\n');
  });
});

describe('the totals', () => {
  const last = (text: string) => text.trimEnd().split('\n').at(-1);

  it('count targets, objects, requests and time, with singular and plural', () => {
    const one = reportText(report(target({})), 'done', out);
    expect(last(one)).toBe(
      '1 target: 1 unchanged, 0 refused, 0 failed; objects: 0 created, 0 updated, 0 deleted (1 request, 12 ms)',
    );
    const troubled = report(target({}), target({ phase: 'Refused' }), target({ phase: 'Failed' }));
    const many = { ...troubled, summary: { ...troubled.summary, requests: 7, durationMs: 61_234 } };
    expect(last(reportText(many, 'planned', out))).toBe(
      '3 targets: 1 unchanged, 1 refused, 1 failed; objects: 0 to create, 0 to update, 0 to delete (7 requests, 61.2 s)',
    );
  });

  it('of check count addresses', () => {
    const endpoints = [READY, { ...READY, ready: false }];
    expect(last(reportText(report(target({ endpoints })), 'unwritten', out))).toBe(
      '1 target, 1 of 2 addresses ready (12 ms)',
    );
    expect(last(reportText(report(target({ endpoints: [READY] })), 'unwritten', out))).toBe(
      '1 target, 1 of 1 address ready (12 ms)',
    );
  });
});

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FAILURE_REASONS, HEALTHY_REASONS } from '../../../src/health/health.ts';
import { probeBound } from '../../../src/io/probe-bound.ts';

function read(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

/** The first column of the table after a mark. */
function listedAfter(mark: string): string[] {
  const [table = ''] = (read('docs/reasons.md').split(`<!-- ${mark} -->\n`)[1] ?? '').split('\n\n');
  return [...table.matchAll(/^\| `(\w+)`/gm)].map(([, reason = '']) => reason);
}

it('docs/reasons.md lists every reason of a sample, in its order', () => {
  expect(listedAfter('probe-reasons')).toEqual([...HEALTHY_REASONS, ...FAILURE_REASONS]);
});

it('docs/health-checks.md has the limit of probes in flight', () => {
  const bound = probeBound(Number.POSITIVE_INFINITY).toLocaleString('en');
  expect(read('docs/health-checks.md')).toContain(`At most ${bound} probes in flight`);
});

it('docs/reasons.md says what each failure concerns, as in the code', () => {
  const sources = ['dial-fault', 'outcome', 'tls-handshake', 'certificate']
    .map((name) => read(`src/health/${name}.ts`))
    .join();
  const rows = [...read('docs/reasons.md').matchAll(/^\| `(\w+)` \| (backend|route|worker) \|/gm)];
  expect(rows.map(([, reason]) => reason)).toEqual(FAILURE_REASONS);
  for (const [, reason = '', speaksOf] of rows) {
    const inTable = new RegExp(`reason: '${reason}', speaksOf: '(\\w+)'`).exec(sources)?.[1];
    const inCall = new RegExp(`failed\\('${reason}',[^;]*?'(route|worker)'\\)`).exec(sources)?.[1];
    expect(`${reason} ${inTable ?? inCall ?? 'backend'}`).toBe(`${reason} ${speaksOf}`);
  }
});

it.each([
  ['src/health/exchange.ts', 'MAX_RESPONSE_BYTES = 16_384', '16 KiB of an answer are read'],
  ['src/health/http-exchange.ts', 'MAX_RESPONSE_BYTES = 65_536', 'of an HTTP response 64 KiB'],
  ['src/health/outcome.ts', 'MAX_MESSAGE_LENGTH = 200', 'messages are cut to 200 characters'],
  ['src/io/tcp-dialer.ts', 'ORDERLY_CLOSES_PER_MINUTE = 16_384', 'up to 16,384 a minute'],
  ['src/health/expectation.ts', 'PATTERN_TIME_MS = 50', 'more than 50 ms over an answer'],
  ['src/health/check-schedule.ts', 'JITTER = 0.05', 'every `interval` (10s), ±5%'],
  ['src/health/check-schedule.ts', 'GROUPING = 0.01', 'in groups of 1/100'],
  [
    'src/health/wall-clock-watch.ts',
    'DISTRUST_MS = 3_600_000',
    'for an hour after the wall clock has jumped',
  ],
  ['src/health/wall-clock-watch.ts', 'JUMP_MS = 60_000', 'jumped by more than a minute'],
  ['src/endpoint/drain-guard.ts', 'RECENT_MS = 600_000', 'drained within ten minutes'],
  ['src/endpoint/drain-guard.ts', 'CONFIRM_AFTER_MS = 5_000', 'five seconds later or more'],
])('docs/health-checks.md has the figure of %s: %s', (source, constant, words) => {
  expect(read(source)).toContain(`const ${constant};`);
  expect(read('docs/health-checks.md').replaceAll(/\s+/g, ' ')).toContain(words);
});

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FAILURE_REASONS, HEALTHY_REASONS } from '../../../src/health/health.ts';
import { probeBound } from '../../../src/io/probe-bound.ts';

function read(path: string): string {
  return readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
}

/** The first column of the table after a mark. */
function listedAfter(mark: string): string[] {
  const [table = ''] = (read('docs/health-checks.md').split(`<!-- ${mark} -->\n`)[1] ?? '').split('\n\n');
  return [...table.matchAll(/^\| `(\w+)`/gm)].map(([, reason = '']) => reason);
}

it('docs/health-checks.md lists every reason of a sample, in its order', () => {
  expect(listedAfter('reasons')).toEqual([...HEALTHY_REASONS, ...FAILURE_REASONS]);
});

it('docs/health-checks.md lists every reason that a policy gives, and no other', () => {
  const policies = ['assess', 'tiers', 'panic', 'drain-guard'].map((name) => read(`src/endpoint/${name}.ts`));
  const given = policies.flatMap((source) =>
    [...source.matchAll(/reason: '(\w+)'/g)].map(([, reason]) => reason),
  );
  expect(new Set(listedAfter('policy-reasons'))).toEqual(new Set(given));
});

it('docs/health-checks.md names the bound on probes that is in force', () => {
  const bound = probeBound(Number.POSITIVE_INFINITY).toLocaleString('en');
  expect(read('docs/health-checks.md')).toContain(`At most ${bound} probes in flight`);
});

it('docs/health-checks.md tells of each failure whom it speaks of as the code has it', () => {
  const sources = ['dial-fault', 'outcome', 'secure', 'certificate']
    .map((name) => read(`src/health/${name}.ts`))
    .join();
  const rows = [...read('docs/health-checks.md').matchAll(/^\| `(\w+)` \| (backend|route|worker) \|/gm)];
  expect(rows.length).toBeGreaterThan(15);
  for (const [, reason = '', speaksOf] of rows) {
    const inTable = new RegExp(`reason: '${reason}', speaksOf: '(\\w+)'`).exec(sources)?.[1];
    const inCall = new RegExp(`failed\\('${reason}',[^;]*?'(route|worker)'\\)`).exec(sources)?.[1];
    expect(`${reason} ${inTable ?? inCall ?? 'backend'}`).toBe(`${reason} ${speaksOf}`);
  }
});

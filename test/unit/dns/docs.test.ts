import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DNS_COUNTS } from '../../../src/dns/counters.ts';
import { UNRESOLVED_REASONS } from '../../../src/dns/resolution.ts';
import { DEFAULT_RESOLVER_LIMITS } from '../../../src/dns/stub-resolver.ts';

function page(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');
}

const DOCS = page('dns.md');

it('docs/reasons.md lists every reason of an unresolved name, in the order of precedence', () => {
  const listed = [...page('reasons.md').matchAll(/^\| `(\w+)` \| `unresolved` \|/gm)].map(
    ([, reason]) => reason,
  );
  expect(listed).toEqual([...UNRESOLVED_REASONS]);
});

it('docs/dns.md has the limits of the code', () => {
  const { maxInFlight, maxInFlightPerGroup } = DEFAULT_RESOLVER_LIMITS;
  expect(DOCS).toContain(
    `At most ${maxInFlightPerGroup} questions are in flight to one set of servers and ${maxInFlight} in all`,
  );
});

it('docs/dns.md describes each event of the metric', () => {
  const table = DOCS.slice(DOCS.indexOf('| event | counts |'));
  const listed = [...table.matchAll(/^\| `(\w+)` \| \S/gm)].map(([, event]) => event);
  expect(listed).toEqual([...DNS_COUNTS]);
});

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DNS_COUNTS } from '../../../src/dns/counters.ts';
import { UNRESOLVED_REASONS } from '../../../src/dns/resolution.ts';
import { DEFAULT_RESOLVER_LIMITS } from '../../../src/dns/stub-resolver.ts';

const DOCS = readFileSync(new URL('../../../docs/dns.md', import.meta.url), 'utf8');

it('docs/dns.md lists every reason, the most telling first', () => {
  const listed = [...DOCS.matchAll(/^\| `unresolved` \| `(\w+)`/gm)].map(([, reason]) => reason);
  expect(listed).toEqual([...UNRESOLVED_REASONS]);
});

it('docs/dns.md names the bounds that are in force', () => {
  const { maxInFlight, maxInFlightPerGroup } = DEFAULT_RESOLVER_LIMITS;
  expect(DOCS).toContain(
    `At most ${maxInFlightPerGroup} questions are in flight to one set of servers and ${maxInFlight} in all`,
  );
});

it('docs/dns.md says what each event of the metric counts', () => {
  const table = DOCS.slice(DOCS.indexOf('| event | counts |'));
  const listed = [...table.matchAll(/^\| `(\w+)` \| \S/gm)].map(([, event]) => event);
  expect(listed).toEqual([...DNS_COUNTS]);
});

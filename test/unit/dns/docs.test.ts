import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
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

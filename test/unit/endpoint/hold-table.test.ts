import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Resolution } from '../../../src/dns/resolution.ts';
import { encodeReply } from '../../../src/embedded/dns-wire.ts';
import { type HeldAddress, type HeldName, holdAddresses } from '../../../src/endpoint/hold.ts';
import { NO_ROTATION } from '../../../src/endpoint/rotation.ts';
import { ip } from '../../support/addresses.ts';
import { a, rawReply } from '../../support/dns-bytes.ts';
import { answering, type Behaviour, servingZones, silent } from '../../support/dns-network.ts';
import { address, cname, DNS_SETTINGS, ResolverBench, SERVER } from '../../support/dns-resolver.ts';

/** The cells of the table in docs/dns.md. */
function readTable(): { answer: string; before: string; becomes: string }[] {
  const text = readFileSync(new URL('../../../docs/dns.md', import.meta.url), 'utf8');
  const [, table = ''] = text.split('<!-- hold-table -->\n');
  const [head = [], , ...rows] = (table.split('\n\n')[0] ?? '').split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return rows.flatMap(([answer = '', ...cells]) =>
    cells.map((becomes, index) => ({ answer, before: head[index + 1] ?? '', becomes })),
  );
}

const ADDRESS = '10.0.0.1';
const NAME = 'db.example.test';
const NOW_MS = 1_000_000;
const NOTHING = { answers: [], authorities: [], additionals: [] };

/** Servers that make the real resolver return the answer in the table's first column. */
const SERVERS: Readonly<Record<string, (bench: ResolverBench) => Behaviour>> = {
  'addresses, it among them': (bench) => {
    bench.zone.set(NAME, [address(ADDRESS), address('10.0.0.2')]);
    return servingZones(bench.zone);
  },
  'addresses without it': (bench) => {
    bench.zone.set(NAME, [address('10.0.0.2')]);
    return servingZones(bench.zone);
  },
  NODATA: (bench) => {
    bench.zone.set(NAME, [address('fd00::1')]);
    return servingZones(bench.zone);
  },
  NXDOMAIN: (bench) => servingZones(bench.zone),
  SERVFAIL: () => answering('SERVFAIL'),
  REFUSED: () => answering('REFUSED'),
  'no reply': () => silent,
  'nobody listens': () => () => ({ outcome: 'unreachable', code: 'ECONNREFUSED' }),
  malformed: () => (query) => ({
    datagrams: [rawReply({ id: query.id, question: query.question, answers: [a(ADDRESS)], answerCount: 9 })],
  }),
  'truncated over TCP': () => (query) => ({ datagrams: [encodeReply(query, 'NOERROR', NOTHING, 0)] }),
  'CNAME loop': (bench) => {
    bench.zone.set(NAME, [cname(NAME)]);
    return servingZones(bench.zone);
  },
};

const ROTATING = { score: 3, longestAbsence: 2, quietAnswers: 0 };

/** The held address before the answer, by the head of the table. */
const STATES: Readonly<
  Record<string, { held: Partial<HeldAddress>; rotates?: boolean; unhealthy?: boolean }>
> = {
  current: { held: {} },
  'obsolete for 10s': { held: { missedAnswers: 1, absentSinceMs: NOW_MS - 10_000 } },
  'the same, unhealthy': { held: { missedAnswers: 1, absentSinceMs: NOW_MS - 10_000 }, unhealthy: true },
  'absent, answers rotate': { held: { missedAnswers: 2, absentSinceMs: NOW_MS - 200_000 }, rotates: true },
  'notFound for 1m': { held: { notFoundSinceMs: NOW_MS - 60_000 } },
  'failure for 1m': { held: { failingSinceMs: NOW_MS - 60_000 } },
  'failure for 1m, obsolete for 10s before': {
    held: { missedAnswers: 1, absentSinceMs: NOW_MS - 70_000, failingSinceMs: NOW_MS - 60_000 },
  },
};

async function resolutionBy(answer: string): Promise<Resolution> {
  const bench = new ResolverBench();
  const server = SERVERS[answer];
  if (server === undefined)
    throw new Error(`docs/dns.md has an answer without a server in this test: ${answer}`);
  bench.network.set(SERVER, server(bench));
  return (await bench.resolve(NAME)).IPv4;
}

function before(state: string): HeldName | undefined {
  if (state === 'unknown') return undefined;
  const found = STATES[state];
  if (found === undefined) throw new Error(`docs/dns.md has an unknown state: ${state}`);
  const held = { answer: { address: ip(ADDRESS) }, missedAnswers: 0, ...found.held };
  const rotation = found.rotates === true ? ROTATING : NO_ROTATION;
  return { answeredAtMs: NOW_MS - 5_000, rotation, addresses: [held], departed: [] };
}

function spell(untilMs: number): string {
  if (untilMs === Number.POSITIVE_INFINITY) return '∞';
  const seconds = (untilMs - NOW_MS) / 1000;
  return seconds >= 60 ? `${seconds / 60}m` : `${seconds}s`;
}

describe('holdAddresses, by the table of docs/dns.md', () => {
  const cells = readTable();

  it('is documented for every answer and every state', () => {
    expect([...new Set(cells.map(({ answer }) => answer))]).toEqual(Object.keys(SERVERS));
    expect([...new Set(cells.map((cell) => cell.before))]).toEqual(['unknown', ...Object.keys(STATES)]);
  });

  it.each(cells)('$answer: $before → $becomes', async ({ answer, before: state, becomes }) => {
    const observation = { resolution: await resolutionBy(answer), answeredAtMs: NOW_MS };
    const isHealthy = () => STATES[state]?.unhealthy !== true;
    const { addresses } = holdAddresses(before(state), observation, DNS_SETTINGS.hold, isHealthy, NOW_MS);
    const verdict = addresses.find((each) => each.answer.address === ADDRESS);
    const nothing = state === 'unknown' ? '–' : 'gone';
    if (verdict === undefined) expect(nothing).toBe(becomes);
    else if (verdict.state === 'current') expect('current').toBe(becomes);
    else expect(`${verdict.state} ${spell(verdict.untilMs)}`).toBe(becomes);
  });
});

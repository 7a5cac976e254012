import { describe, expect, test } from 'vitest';
import { MAX_LIST_BYTES } from '../../src/config/limits.ts';
import { parseTargetList } from '../../src/config/target-list.ts';

/** About three times the time that an idle machine needs for the slowest of them. */
const MAX_CPU_MS = 12_000;

const HEAD = 'apiVersion: external-endpoints/v1\nkind: TargetList\ntargets:\n';
const PORTS = `${HEAD}- name: a\n  ports: `;

function repeated(piece: (at: number) => string, bytes = MAX_LIST_BYTES - 1_000): string {
  const pieces: string[] = [];
  for (let at = 0, length = 0; length < bytes; at++) {
    const next = piece(at);
    pieces.push(next);
    length += next.length;
  }
  return pieces.slice(0, -1).join('');
}

/** Texts at the limits of size and tokens, which take a naive parser minutes or overflow its stack. */
describe('Hostile texts are rejected in bounded time', () => {
  test.each<[string, () => string]>([
    ['values inside values', () => repeated(() => '[')],
    ['mappings inside lists inside mappings', () => repeated((at) => `${' '.repeat(at % 2_000)}- a:\n`)],
    ['one mapping with as many keys as it can hold', () => repeated((at) => `k${at}: 1\n`, 3_000_000)],
    ['the same key over and over', () => repeated(() => 'a: 1\n', 1_300_000)],
    [
      'an alias bomb',
      () =>
        Array.from(
          { length: 60 },
          (_, at) =>
            `a${at}: &a${at} [${Array(10)
              .fill(at === 0 ? 'x' : `*a${at - 1}`)
              .join()}]\n`,
        ).join(''),
    ],
    ['aliases of nothing', () => repeated((at) => `- &anchor${at} x\n- *anchr${at}\n`, 4_000_000)],
    ['errors of syntax', () => `[${repeated(() => ',', 1_900_000)}]`],
    ['tags that nobody knows', () => repeated(() => '- !x y\n', 1_900_000)],
    ['ports without a number', () => `${PORTS}[${repeated(() => '{},', 1_900_000)}]`],
    ['fields that nobody knows', () => `${HEAD}- name: a\n${repeated((at) => `  kx${at}: 1\n`, 3_000_000)}`],
    ['nothing but comments', () => repeated(() => '#\n')],
    ['nothing but documents', () => repeated(() => '---\n')],
    ['one word', () => repeated(() => 'a')],
    ['text in many lines', () => `a: "${repeated(() => 'x\n')}"`],
  ])('%s', (_, make) => {
    const text = make();
    const before = process.cpuUsage();
    const result = parseTargetList(text, 'x');
    const { user, system } = process.cpuUsage(before);
    expect(result).toMatchObject({ ok: false, reason: 'InvalidTargetList' });
    expect((user + system) / 1_000).toBeLessThan(MAX_CPU_MS);
  });

  test('A list of the largest allowed size is read in bounded time', () => {
    const target = (at: number) => `- name: orders-db-${at}
  namespace: shop
  ports: [{ name: postgres, port: 5432, targetPort: 6432, appProtocol: postgresql }]
  endpoints:
    - { address: 10.${(at >> 8) & 255}.${at & 255}.5, zone: eu-west-1a }
    - { host: orders${at}.db.corp.example }
    - { srv: _postgres._tcp.db${at}.corp.example }
    - { host: dr${at}.db.corp.example, priority: 1 }
  dns: { timeout: 1s, hold: { obsolete: 1m } }
  healthCheck: { port: postgres, interval: 5s }
`;
    const text = `${HEAD}${Array.from({ length: 10_000 }, (_, at) => target(at)).join('')}`;
    const before = process.cpuUsage();
    const result = parseTargetList(text, 'x');
    const { user, system } = process.cpuUsage(before);
    expect(result).toMatchObject({ ok: true, list: { targets: { length: 10_000 } } });
    expect((user + system) / 1_000).toBeLessThan(MAX_CPU_MS);
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseResolvConf } from '../../src/dns/resolv-conf.ts';
import { isHostname, parseHostname } from '../../src/model/hostname.ts';
import { parseIpAddress } from '../../src/model/ip-address.ts';

const PIECES = [
  ...['nameserver', 'search', 'domain', 'options', 'sortlist', ' ', '\t', '\n', '\r\n', '#', ';', '\0', ':'],
  ...['10.0.0.53', '[fd00::53]:5353', 'fd00::53', 'fe80::1%eth0', '[', ']', '999.1.1.1', '0.0.0.0', '1.2.3'],
  ...[
    'ndots:',
    'timeout:',
    'attempts:',
    'rotate',
    'use-vc',
    'no-aaaa',
    '5',
    '-1',
    '99999999999',
    '1e9',
    'NaN',
  ],
  ...['corp.example', 'EXAMPLE.', '.', '..', '-x', 'a'.repeat(300), '\u00e4', '\ud800'],
];

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 3 })), { maxLength: 60 })
    .map((each) => each.join('')),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((each) => each.join(' ')),
);

test('whatever stands in resolv.conf, what is read of it can be used and is bounded', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const config = parseResolvConf(text);
      expect(config.servers.length).toBeGreaterThan(0);
      expect(config.servers.length).toBeLessThanOrEqual(8);
      for (const { address, port } of config.servers) {
        expect(parseIpAddress(address)).toBe(address);
        expect(Number.isInteger(port) && port > 0 && port <= 65_535).toBe(true);
      }
      expect(config.search.length).toBeLessThanOrEqual(32);
      for (const domain of config.search) expect(isHostname(parseHostname(domain))).toBe(true);
      expect(Number.isInteger(config.ndots) && config.ndots >= 0 && config.ndots <= 15).toBe(true);
      for (const [value, most] of [
        [config.timeoutMs ?? 1, 30_000],
        [config.rounds ?? 1, 5],
      ] as const) {
        expect(Number.isInteger(value) && value > 0 && value <= most).toBe(true);
      }
    }),
    { numRuns: 20_000 },
  );
});

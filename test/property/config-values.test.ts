import fc from 'fast-check';
import { expect, test } from 'vitest';
import { networkAddress } from '../../src/config/cidr.ts';
import {
  isAnnotationKey,
  isDns1035Label,
  isDns1123Label,
  isLabelValue,
  isQualifiedName,
} from '../../src/config/kubernetes-names.ts';
import { nearest } from '../../src/config/nearest.ts';
import { formatDuration, parseDuration } from '../../src/config/quantities.ts';
import { LineIndex } from '../../src/config/yaml-document.ts';
import { familyOf, type IpAddress, parseCidr, parseIpAddress } from '../../src/model/ip-address.ts';

test('parseDuration reads back what formatDuration writes', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (ms) => {
      expect(parseDuration(formatDuration(ms))).toEqual({ ok: true, ms });
    }),
  );
});

test('parseDuration returns the exact sum of the terms', () => {
  const unit = fc.constantFrom(['h', 3_600_000], ['m', 60_000], ['s', 1_000], ['ms', 1]) as fc.Arbitrary<
    [string, number]
  >;
  const terms = fc.array(fc.tuple(fc.nat(9_999), unit), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(terms, (each) => {
      const text = each.map(([count, [name]]) => `${count}${name}`).join('');
      const ms = each.reduce((sum, [count, [, size]]) => sum + count * size, 0);
      expect(parseDuration(text)).toEqual({ ok: true, ms });
    }),
  );
});

test('networkAddress returns the first address of the range, and is idempotent', () => {
  const addresses = fc
    .oneof(fc.ipV4(), fc.ipV6())
    .map(parseIpAddress)
    .filter((address): address is IpAddress => address !== undefined);
  fc.assert(
    fc.property(addresses, fc.nat(128), (address, bits) => {
      const prefix = familyOf(address) === 'IPv4' ? bits % 33 : bits;
      const network = networkAddress(address, prefix);
      expect(networkAddress(network, prefix)).toBe(network);
      expect(parseCidr(`${network}/${prefix}`)?.contains(address)).toBe(true);
      if (prefix === 0) expect(['0.0.0.0', '::']).toContain(network);
    }),
  );
});

test('The name rules agree with the regular expressions of Kubernetes', () => {
  const part = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
  const subdomain = '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*';
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'aZ09-_./ é'), maxLength: 8 }),
    fc.integer({ min: 60, max: 66 }).map((length) => 'a'.repeat(length)),
    fc
      .integer({ min: 250, max: 256 })
      .map((length) => `${`${'a'.repeat(49)}.`.repeat(5)}${'b'.repeat(length - 250)}/x`),
  );
  fc.assert(
    fc.property(text, (given) => {
      const short = given.length <= 63;
      expect(isDns1123Label(given)).toBe(short && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(given));
      expect(isDns1035Label(given)).toBe(short && /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(given));
      expect(isLabelValue(given)).toBe(short && new RegExp(`^(${part})?$`).test(given));
      const [name = '', prefix, ...more] = given.split('/').toReversed();
      const prefixIsRight =
        prefix === undefined || (prefix.length <= 253 && new RegExp(`^${subdomain}$`).test(prefix));
      const isName = more.length === 0 && name.length <= 63 && new RegExp(`^${part}$`).test(name);
      expect(isQualifiedName(given)).toBe(isName && prefixIsRight);
      expect(isAnnotationKey(given)).toBe(isQualifiedName(given.toLowerCase()));
    }),
    { numRuns: 2_000 },
  );
});

test('nearest returns the word itself, or one of the candidates', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(words, fc.string({ maxLength: 80 }), (candidates, word) => {
      for (const each of candidates) expect(nearest(each, candidates)).toBe(each);
      expect([undefined, ...candidates]).toContain(nearest(word, candidates));
    }),
  );
});

test('LineIndex agrees with counting line breaks', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r', '😀'), maxLength: 30 });
  fc.assert(
    fc.property(text, fc.nat(40), (given, at) => {
      const before = given.slice(0, Math.min(at, given.length)).split('\n');
      const position = new LineIndex(given).positionOf(Math.min(at, given.length));
      expect(position).toEqual({ line: before.length, column: (before.at(-1) ?? '').length + 1 });
    }),
  );
});

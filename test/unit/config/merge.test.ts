import { expect, test } from 'vitest';
import { parseTargetList, partOf, readTargetList } from '../../../src/config/target-list.ts';
import { placeOf, problemsOf } from '../../support/marked-list.ts';

const HEAD = 'apiVersion: external-endpoints/v1\nkind: TargetList\n';

function target(name: string, address = '10.0.0.1'): string {
  return `  - { name: ${name}, ports: [{ port: 80 }], endpoints: [{ address: ${address} }] }\n`;
}

function part(source: string, ...lines: string[]) {
  return { ok: true as const, source, text: `${HEAD}${lines.join('')}` };
}

function reported(parts: Parameters<typeof readTargetList>[0]): string[] {
  return problemsOf(readTargetList(parts)).map(
    (problem) => `${problem.location.source}:${placeOf(problem)}: ${problem.path}: ${problem.message}`,
  );
}

test('Parts are merged into one list in order, each with its own defaults', () => {
  const result = readTargetList([
    part('b.yaml', 'defaults: { namespace: one, dns: { minTTL: 9s } }\n', 'targets:\n', target('web')),
    part('a.yaml', 'guards: { maxDrain: 10% }\n', 'targets:\n', target('web'), target('db')),
    part('c.yaml', 'targets: []\n'),
  ]);
  expect(result).toMatchObject({
    ok: true,
    list: {
      guards: { maxDrainPercent: 10, maxDeletesPercent: 30 },
      targets: [
        {
          namespace: 'one',
          name: 'web',
          dns: { minTtlMs: 9_000 },
          declaredAt: { source: 'b.yaml', line: 5, column: 5 },
        },
        {
          namespace: 'default',
          name: 'web',
          dns: { minTtlMs: 5_000 },
          declaredAt: { source: 'a.yaml', line: 5 },
        },
        { namespace: 'default', name: 'db' },
      ],
    },
  });
});

test('A duplicate target is reported with both locations, within and across parts, invalid targets included', () => {
  expect(
    reported([
      part('a.yaml', 'targets:\n', target('web'), target('web')),
      part('b.yaml', 'defaults: { namespace: default }\n', 'targets:\n', '  - { name: web }\n'),
    ]),
  ).toEqual([
    'a.yaml:5:13: targets[1].name: default/web is declared twice, first at a.yaml:4:13',
    'b.yaml:5:5: targets[0].endpoints: endpoints is missing: expected a list of 1 to 5000 endpoints',
    'b.yaml:5:5: targets[0].ports: ports is missing: expected a list of 1 to 100 ports',
    'b.yaml:5:13: targets[0].name: default/web is declared twice, first at a.yaml:4:13',
  ]);
});

test('Two targets may have the same name in different namespaces', () => {
  const text = `${HEAD}targets:\n${target('web')}${target('web').replace('name', 'namespace: shop, name')}`;
  expect(parseTargetList(text, 'x')).toMatchObject({ ok: true });
});

test('Guards apply to all parts: they may be repeated in any order, but must not differ', () => {
  const guards = 'guards: { allowedCIDRs: [10.0.0.0/8, 192.168.0.0/16], maxDrain: 50% }\n';
  const same = 'guards: { allowedCIDRs: [192.168.0.0/16, 10.0.0.0/8] }\n';
  const targets = ['targets:\n', target('web')];
  expect(reported([part('a', guards, ...targets), part('b', same, 'targets: []\n')])).toEqual([]);
  expect(
    reported([part('a', guards, ...targets), part('b', 'guards: { maxDrain: 20% }\n', 'targets: []\n')]),
  ).toEqual(['b:3:1: guards: these guards differ from those at a:3:1; guards apply to all targets']);
});

test('Guards of one part apply to addresses of another', () => {
  expect(
    reported([
      part('a', 'targets:\n', target('web')),
      part('b', 'guards: { deniedCIDRs: [10.0.0.0/24] }\n', 'targets: []\n'),
    ]),
  ).toEqual([
    'a:4:64: targets[0].endpoints[0].address: 10.0.0.1 is refused: guards.deniedCIDRs has 10.0.0.0/24',
  ]);
});

test('Problems are sorted by part and location', () => {
  expect(
    reported([
      part('z', 'targets:\n', target('Web'), '  - { name: db, ports: [], endpoints: [] }\n'),
      { ok: false, source: 'm', reason: 'NotFound', message: 'there is no such file or directory' },
      part('a', 'foo: 1\n', 'targets: []\n'),
    ]).map((line) => line.split(': ')[0]),
  ).toEqual(['z:4:13', 'z:5:24', 'z:5:39', 'm:0:0', 'a:3:1']);
});

test('A list without targets is empty; with any problem it is invalid', () => {
  const empty = readTargetList([part('a', 'targets: []\n'), part('b', 'targets: []\n')]);
  expect(empty).toMatchObject({ ok: false, reason: 'EmptyTargetList', list: { targets: [] } });
  expect(problemsOf(empty).map(({ location, message }) => [location.source, message])).toEqual([
    ['a', 'the list has no targets'],
    ['b', 'the list has no targets'],
  ]);
  const broken = readTargetList([part('a', 'targets: []\n'), part('b', 'targets: [{}]\n')]);
  expect(broken).toMatchObject({ ok: false, reason: 'InvalidTargetList' });
  expect(parseTargetList('', 'x')).toMatchObject({ ok: false, reason: 'InvalidTargetList' });
  expect(readTargetList([])).toMatchObject({ ok: false, reason: 'EmptyTargetList', problems: [] });
});

test('A source given twice is reported once', () => {
  const parts = [part('a', 'targets:\n', target('web')), part('a', 'targets:\n', target('web'))];
  expect(reported(parts)).toEqual(['a:0:0: : this source is given twice']);
});

test('Too many targets are rejected, in one part and in all parts together', () => {
  const many = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => target(`t${from + at}`)).join('');
  expect(reported([part('a', 'targets:\n', many(0, 10_001))])).toEqual([
    'a:4:3: targets: expected a list of at most 10000 targets, found a list of 10001',
  ]);
  expect(
    reported([part('a', 'targets:\n', many(0, 6_000)), part('b', 'targets:\n', many(6_000, 4_001))]),
  ).toEqual(['b:0:0: targets: all parts together have 10001 targets; the limit is 10000']);
});

test('At most 1,000 problems are reported, followed by a note that there are more', () => {
  const broken = Array.from({ length: 3_000 }, () => '  - 5\n').join('');
  const lines = reported([part('a', 'targets:\n', broken)]);
  expect(lines).toHaveLength(1_001);
  expect(lines[999]).toMatch(/^a:1003:5: targets\[999\]: /);
  expect(lines[1_000]).toBe('a:1004:5: : more problems follow; they are not listed');
});

test('partOf returns the targets of a single part', () => {
  const good = partOf(part('a', 'targets:\n', target('web')));
  expect(good.problems).toEqual([]);
  expect(good.targets.map(({ target: { name }, path }) => [name, path])).toEqual([['web', 'targets[0]']]);
});

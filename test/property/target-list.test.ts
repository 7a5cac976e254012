import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { problemsText } from '../../src/config/problem-text.ts';
import { parseTargetList, type TargetListResult } from '../../src/config/target-list.ts';
import { writtenLists } from '../support/written-list.ts';

const EXAMPLE = readFileSync(new URL('../../config/example.yaml', import.meta.url), 'utf8');

/** Checks the result for any text: problems are typed, located within the text, sorted, and one line each. */
function expectTyped(text: string, result: TargetListResult = parseTargetList(text, 'x')): void {
  if (result.ok) {
    expect(result.list.targets.length).toBeGreaterThan(0);
    return;
  }
  expect(result.problems.length).toBeGreaterThan(0);
  const lines = text.split('\n');
  let last = [0, 0];
  for (const { location, message, expected } of result.problems) {
    const { line, column } = location;
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
    expect(line > 0).toBe(column > 0);
    expect(line > (last[0] ?? 0) || (line === last[0] && column >= (last[1] ?? 0))).toBe(true);
    last = [line, column];
    expect(message).not.toMatch(/\n|^$|undefined|\[object/);
    expect(expected).not.toBe('');
  }
  const shown = problemsText(result.problems, new Map([['x', text]]));
  expect(shown).not.toMatch(/[^\n\t\P{Cc}]/u);
}

const YAML_PIECES = [
  ...[
    '\n',
    '\n  ',
    '\n    ',
    '- ',
    ': ',
    ', ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '|',
    '>',
    '#',
    '&a ',
    '*a',
    '!!str ',
    '? ',
    '---\n',
    '...\n',
    '\t',
    '%YAML 1.2\n',
    '<<',
    '~',
    '\r\n',
    '\\',
    '\u0000',
    '\ufeff',
    '\u2028',
    '😀',
    '\ud800',
  ],
  ...[
    'apiVersion',
    'external-endpoints/v1',
    'kind',
    'TargetList',
    'defaults',
    'guards',
    'targets',
    'name',
    'ports',
    'port',
    'endpoints',
    'address',
    'host',
    'dns',
    'service',
    'labels',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...[
    '10.0.0.1',
    '::1',
    '80',
    '-1',
    '1e999',
    '0x10',
    '.nan',
    'true',
    'null',
    '10s',
    'forever',
    '50%',
    'a'.repeat(64),
  ],
];

const RUNS = { numRuns: 2_000 };

describe('The parser returns typed problems for', () => {
  test('random characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => expectTyped(text)),
      RUNS,
    );
  });

  test('random pieces of YAML', () => {
    const text = fc
      .array(fc.constantFrom(...YAML_PIECES), { maxLength: 60 })
      .map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (pieces) => expectTyped(pieces)),
      RUNS,
    );
  });

  test('a damaged list', () => {
    const damage = fc.record({
      from: fc.nat({ max: EXAMPLE.length }),
      length: fc.nat({ max: 40 }),
      instead: fc.oneof(fc.constantFrom(...YAML_PIECES), fc.string({ maxLength: 10 })),
    });
    const damaged = fc
      .array(damage, { minLength: 1, maxLength: 4 })
      .map((each) =>
        each.reduce(
          (text, { from, length, instead }) => text.slice(0, from) + instead + text.slice(from + length),
          EXAMPLE,
        ),
      );
    fc.assert(
      fc.property(damaged, (text) => expectTyped(text)),
      { numRuns: 500 },
    );
  });

  test('values of any type in any field', () => {
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constantFrom(...YAML_PIECES));
    const withValue = fc.tuple(writtenLists(), fc.nat(), value).map(([list, at, instead]) => {
      let seen = 0;
      const places = countValues(list);
      return JSON.stringify(list, (_, each) => (seen++ === at % places ? instead : each));
    });
    fc.assert(
      fc.property(withValue, (text) => expectTyped(text)),
      { numRuns: 1_000 },
    );
  });
});

function countValues(value: unknown): number {
  let count = 0;
  JSON.stringify(value, (_, each) => {
    count += 1;
    return each;
  });
  return count;
}

describe('A list has the same meaning', () => {
  test('as block YAML, in one line, as JSON, with aliases, and with CRLF', () => {
    fc.assert(
      fc.property(writtenLists(), (list) => {
        const meant = meaning(JSON.stringify(list));
        expect(meant).not.toBeUndefined();
        expect(meaning(stringify(list))).toEqual(meant);
        expect(meaning(stringify(list, { collectionStyle: 'flow', lineWidth: 0 }))).toEqual(meant);
        expect(meaning(stringify(list, { defaultStringType: 'QUOTE_SINGLE' }))).toEqual(meant);
        expect(meaning(stringify(list).replaceAll('\n', '\r\n'))).toEqual(meant);
        const shared = {
          ...list,
          targets: list.targets.map((target) => ({ ...target, ports: list.targets[0]?.ports })),
        };
        expect(stringify(shared)).toContain('*a1');
        expect(meaning(stringify(shared))).toEqual(meaning(JSON.stringify(shared)));
      }),
      { numRuns: 200 },
    );
  });

  test('with its fields in the target or in defaults', () => {
    fc.assert(
      fc.property(writtenLists(), ({ targets, ...rest }) => {
        const [{ name, ports, endpoints, ...shared } = expect.unreachable()] = targets;
        const inTarget = { ...rest, targets: [{ name, ports, endpoints, ...shared }] };
        const inDefaults = { ...rest, defaults: shared, targets: [{ name, ports, endpoints }] };
        expect(meaning(JSON.stringify(inDefaults))).toEqual(meaning(JSON.stringify(inTarget)));
      }),
      { numRuns: 200 },
    );
  });
});

/** The declared targets without their locations; undefined for an invalid list. */
function meaning(text: string): unknown {
  const result = parseTargetList(text, 'x');
  if (!result.ok) throw new Error(problemsText(result.problems, new Map([['x', text]])));
  return JSON.parse(
    JSON.stringify(result.list, (key, value) =>
      key === 'declaredAt' ? undefined : value === Number.POSITIVE_INFINITY ? 'forever' : value,
    ),
  );
}

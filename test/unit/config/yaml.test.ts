import { describe, expect, test } from 'vitest';
import { MAX_LIST_BYTES } from '../../../src/config/limits.ts';
import { parseTargetList } from '../../../src/config/target-list.ts';
import {
  type ListCase,
  placeOf,
  problemsIn,
  problemsOf,
  targetWith,
  whole,
} from '../../support/marked-list.ts';

const HEAD = 'apiVersion: external-endpoints/v1\nkind: TargetList\n';
const VALID = targetWith('');
const EMPTY = 'the text is empty; a target list has apiVersion, kind and targets';
const ONE_DOCUMENT =
  'a target list is one document: put the second one into a separate file or ConfigMap key';

describe('A text that is not a list', () => {
  test.each<ListCase>([
    whole('¦', '', EMPTY),
    whole('¦\n\n', '', EMPTY),
    whole('¦# nothing but a comment\n', '', EMPTY),
    whole('¦---\n---\n', '', EMPTY),
    whole('¦~', '', /^expected a mapping with apiVersion, kind, .* found nothing$/),
    whole(`${VALID}---\n¦${VALID}`, '', 'a second YAML document begins here', ONE_DOCUMENT),
    whole(`${HEAD}targets:\n¦\t- name: web\n`, '', 'a tab cannot indent YAML', 'indent with spaces'),
    whole(`${HEAD}targets:\n  - name: "web¦\n`, '', /^this is not valid YAML: Missing closing "quote$/),
    whole(`${HEAD}targets: [¦`, '', /^this is not valid YAML: Flow sequence in block collection must/),
    whole(`${HEAD}targets:\n  - name: a\n¦   ports: []\n`, '', /^this is not valid YAML: /),
    whole(
      `¦%YAML 1.1\n---\n${VALID}`,
      '',
      'YAML directives such as %YAML are not supported',
      'remove the line',
    ),
    whole(`${HEAD}targets: ¦!!binary abc\n`, '', /^this is not valid YAML: Unresolved tag/),
    whole(
      `${HEAD}targets: ${'['.repeat(80)}`.replace('['.repeat(64), `${'['.repeat(62)}[¦[`),
      '',
      'values are nested more than 64 deep',
    ),
    whole('¦[a, b]: c', '', /^this is not valid YAML: /),
  ])('$title', checkCase);

  test.each([
    ['a byte order mark', `\u{feff}${VALID}`],
    ['line ends of Windows', VALID.replaceAll('\n', '\r\n')],
    ['the directive of YAML 1.2', `%YAML 1.2\n---\n${VALID}`],
    ['a document start, an end and empty documents around', `---\n${VALID}...\n---\n`],
    [
      'JSON',
      JSON.stringify(
        {
          apiVersion: 'external-endpoints/v1',
          kind: 'TargetList',
          targets: [{ name: 'a', ports: [{ port: 1 }], endpoints: [{ host: 'b' }] }],
        },
        undefined,
        '\t',
      ),
    ],
  ])('Accepts %s', (_, text) => {
    expect(parseTargetList(text, 'x')).toMatchObject({ ok: true });
  });

  test('A text of 5 MiB is rejected with its size and the limit', () => {
    const text = '#'.repeat(MAX_LIST_BYTES - VALID.length - 2).concat('\n', VALID);
    expect(parseTargetList(text, 'x')).toMatchObject({ ok: true });
    const tooLarge = `#${text}`;
    expect(problemsOf(parseTargetList(tooLarge, 'x'))).toEqual([
      {
        location: { source: 'x', line: 0, column: 0 },
        path: '',
        found: '',
        expected: 'a target list',
        message: 'the list has 5242880 bytes (5.0 MiB); it must have fewer than 5242880 bytes (5 MiB)',
        hint: 'split the list: several parts are read as one list',
      },
    ]);
    // The limit counts bytes, not characters.
    expect(problemsOf(parseTargetList(`#${'ä'.repeat(MAX_LIST_BYTES / 2)}`, 'x'))[0]?.message).toMatch(
      /^the list has 5242881 bytes/,
    );
  });
});

describe('Keys', () => {
  test.each<ListCase>([
    whole(
      `${HEAD}¦kind: TargetList\ntargets: []\n`,
      'kind',
      '"kind" is given twice in one mapping, first in line 2',
    ),
    whole(
      targetWith('dns: { timeout: 1s, attempts: 1, ¦timeout: 1s }'),
      'targets[0].dns.timeout',
      '"timeout" is given twice in one mapping, first in line 7',
    ),
    whole(
      targetWith('service: { labels: { a: x, ¦"a": y } }'),
      'targets[0].service.labels.a',
      '"a" is given twice in one mapping, first in line 7',
    ),
    whole(
      targetWith('service: { labels: { ¦__proto__: x } }'),
      'targets[0].service.labels',
      'this cannot be the name of a field',
    ),
    whole(targetWith('¦__proto__: x'), 'targets[0]', 'this cannot be the name of a field'),
    whole(
      targetWith('¦constructor: x'),
      'targets[0].constructor',
      'unknown field "constructor"',
      'known fields: name, namespace, ports, endpoints, dns, healthCheck, publish, service, adopt, deletionPolicy',
    ),
  ])('$title', checkCase);
});

describe('Aliases', () => {
  test.each<ListCase>([
    whole(
      targetWith('dns: ¦*dnss'),
      'targets[0].dns',
      'no earlier value has the anchor &dnss',
      'write &dnss before the value that it refers to',
    ),
    whole(
      targetWith('dns: &dns { timeout: 1s }\nhealthCheck: ¦*dsn'),
      'targets[0].healthCheck',
      'no earlier value has the anchor &dsn',
      'did you mean *dns?',
    ),
    whole(
      targetWith('dns: &dns { hold: ¦*dns }'),
      'targets[0].dns.hold',
      'no earlier value has the anchor &dns',
      'write &dns before the value that it refers to',
    ),
  ])('$title', ({ marked, path, message, hint }) => {
    const { problems, places } = problemsIn(marked);
    // An unknown alias may cause further problems.
    expect(problems[0]).toMatchObject({ path, message, hint });
    expect(placeOf(problems[0] ?? expect.unreachable())).toBe(places[0]);
  });

  test('A problem in an aliased value is located at the anchor', () => {
    const marked = `${HEAD}defaults: { healthCheck: &check { timeout: ¦1y } }\ntargets:
  - { name: a, ports: &ports [{ port: 80 }], endpoints: [{ address: 10.0.0.1 }], healthCheck: *check }
  - { name: b, ports: *ports, endpoints: [{ address: 10.0.0.1 }], healthCheck: *check }\n`;
    const { problems, places } = problemsIn(marked);
    expect(problems.map(({ path }) => path)).toEqual([
      'defaults.healthCheck.timeout',
      'targets[0].healthCheck.timeout',
      'targets[1].healthCheck.timeout',
    ]);
    expect(new Set(problems.map(placeOf))).toEqual(new Set(places));
  });

  test('A repeated anchor refers to its latest value', () => {
    const text = `${HEAD}targets:
  - { name: &x a, ports: [{ port: 80 }], endpoints: [{ address: 10.0.0.1 }], namespace: *x }
  - { name: &x b, ports: [{ port: 80 }], endpoints: [{ address: 10.0.0.1 }], namespace: *x }\n`;
    const result = parseTargetList(text, 'x');
    expect(result).toMatchObject({ ok: true, list: { targets: [{ namespace: 'a' }, { namespace: 'b' }] } });
  });

  test('An alias may be used thousands of times', () => {
    const target = (at: number) =>
      `  - { name: t${at}, ports: *ports, endpoints: [{ address: 10.0.0.1 }] }\n`;
    const first = '  - { name: first, ports: &ports [{ port: 80 }], endpoints: [{ address: 10.0.0.1 }] }\n';
    const text = `${HEAD}targets:\n${first}${Array.from({ length: 2_000 }, (_, at) => target(at)).join('')}`;
    expect(parseTargetList(text, 'x')).toMatchObject({ ok: true, list: { targets: { length: 2_001 } } });
  });

  test('An alias bomb is rejected', () => {
    const levels = Array.from(
      { length: 30 },
      (_, at) => `x${at + 1}: &x${at + 1} [${Array(9).fill(`*x${at}`).join()}]\n`,
    );
    const { problems } = problemsIn(`${HEAD}targets: []\nx0: &x0 [a]\n${levels.join('')}`);
    const bomb = problems.filter(({ message }) => message.includes('aliases'));
    expect(bomb.map(({ message }) => message)).toEqual([
      'with its aliases expanded the list has more than 500000 values',
    ]);
    expect(bomb[0]?.location.line).toBe(10);
  });
});

function checkCase({ marked, path, message, hint }: ListCase) {
  const { problems, places } = problemsIn(marked);
  expect(problems).toHaveLength(1);
  const [problem] = problems;
  expect(problem?.path).toBe(path);
  if (typeof message === 'string') expect(problem?.message).toBe(message);
  else expect(problem?.message).toMatch(message);
  expect(problem?.hint).toBe(hint);
  expect(problem?.expected).not.toBe('');
  expect(problems.map(placeOf)).toEqual(places);
}

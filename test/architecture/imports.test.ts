import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { breachesIn, circlesIn, folderOf, RULED_FOLDERS, type SourceFile } from './import-rules.ts';

const files: SourceFile[] = globSync('src/**/*.ts').map((path) => ({
  path: path.replaceAll('\\', '/'),
  text: readFileSync(path, 'utf8'),
}));

describe('imports run one way', () => {
  it('between all folders of src that there are', () => {
    const folders = new Set(files.map(({ path }) => folderOf(path)));
    expect([...folders].sort()).toEqual([...RULED_FOLDERS].sort());
  });

  it('in every file of src', () => {
    expect(breachesIn(files)).toEqual([]);
  });

  it('and in no circle, types included', () => {
    expect(circlesIn(files)).toEqual([]);
  });
});

describe('the rules catch', () => {
  const breaches = (path: string, text: string) => breachesIn([{ path, text }]);

  it.each([
    ['a domain folder that knows io', 'src/plan/a.ts', "import { x } from '../io/b.ts';"],
    ['a decision that reads the cluster', 'src/decide/a.ts', "import { x } from '../cluster/b.ts';"],
    ['a cluster that knows the controller', 'src/cluster/a.ts', "import { x } from '../sync/b.ts';"],
    ['a type-only import the wrong way', 'src/dns/a.ts', "import type { X } from '../sync/b.ts';"],
    ['a re-export the wrong way', 'src/model/a.ts', "export { x } from '../plan/b.ts';"],
    ['an import() the wrong way', 'src/health/a.ts', "const x = await import('../io/b.ts');"],
    ['siblings that must not know each other', 'src/dns/a.ts', "import { x } from '../health/b.ts';"],
    ['a folder without rules', 'src/helpers/a.ts', "import { x } from '../model/b.ts';"],
    ['sockets in the domain', 'src/health/a.ts', "import { connect } from 'node:net';"],
    ['files in the domain', 'src/config/a.ts', "import { readFileSync } from 'node:fs';"],
    [
      'a second user of client-node',
      'src/sync/a.ts',
      "import { KubeConfig } from '@kubernetes/client-node';",
    ],
    ['the wall clock in the domain', 'src/endpoint/a.ts', 'const now = Date.now();'],
    ['cryptographic randomness in the domain', 'src/health/a.ts', "import { randomInt } from 'node:crypto';"],
    ['randomness in the domain', 'src/dns/a.ts', 'const id = Math.random();'],
    ['a timer in the domain', 'src/sync/a.ts', 'setTimeout(tick, 10);'],
    ['a composite signal', 'src/io/a.ts', 'const either = AbortSignal.any([signal, other]);'],
    ['a signal with a timer that nobody can end', 'src/io/a.ts', 'const late = AbortSignal.timeout(30_000);'],
    ['process outside main', 'src/io/a.ts', 'const home = process.env.HOME;'],
  ])('%s', (_what, path, text) => {
    expect(breaches(path, text)).toHaveLength(1);
  });

  it('a circle of types', () => {
    const circle = [
      { path: 'src/dns/a.ts', text: "import type { B } from './b.ts';" },
      { path: 'src/dns/b.ts', text: "import { c } from './c.ts';" },
      { path: 'src/dns/c.ts', text: "import type { A } from './a.ts';\nimport '../model/d.ts';" },
      { path: 'src/model/d.ts', text: '' },
    ];
    expect(circlesIn(circle)).toEqual(['src/dns/a.ts → src/dns/b.ts → src/dns/c.ts']);
  });

  it('and let pass what is right', () => {
    const text = [
      "import { isIP } from 'node:net';",
      "import type { Clock } from '../time/clock.ts';",
      '// Date.now() would be wrong here, and so would process.env and AbortSignal.any',
      "const text = 'process.env';",
    ].join('\n');
    expect(breaches('src/health/a.ts', text)).toEqual([]);
  });
});

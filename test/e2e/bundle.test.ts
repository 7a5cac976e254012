import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { BUNDLE, runCli } from '../support/cli-process.ts';
import { missing, run } from '../support/real-peer.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'external-endpoints-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('the bundle', () => {
  it('is one executable file, which `bin` names', () => {
    expect(packageJson.bin['external-endpoints']).toBe('dist/external-endpoints.js');
    expect(readdirSync(dirname(BUNDLE)).filter((name) => name.endsWith('.js'))).toEqual([
      'external-endpoints.js',
    ]);
    expect(statSync(BUNDLE).mode & 0o111).toBe(0o111);
  });

  it('runs without any other file', () => {
    const alone = join(directory, 'alone');
    const result = spawnSync(
      'sh',
      [
        '-c',
        `mkdir '${alone}' && cp '${BUNDLE}' '${alone}' && cd '${alone}' && echo '{"type":"module"}' > package.json && '${process.execPath}' external-endpoints.js version`,
      ],
      {
        encoding: 'utf8',
      },
    );
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toBe(
      `external-endpoints ${packageJson.version} (Node.js ${process.versions.node})\n`,
    );
  });

  it.each([
    ['20.20.2', false],
    ['22.18.0', false],
    ['22.19.0', true],
    ['24.0.0', true],
    ['26.1.0', true],
  ])('on Node.js %s starts: %s', (version, runs) => {
    const preload = join(directory, `node-${version}.mjs`);
    writeFileSync(
      preload,
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', preload, BUNDLE, 'version'], {
      encoding: 'utf8',
    });
    if (runs)
      expect([status, stdout]).toEqual([
        0,
        `external-endpoints ${packageJson.version} (Node.js ${version})\n`,
      ]);
    else {
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toBe(
        `external-endpoints needs Node.js 22.19 or newer; this is ${version} (${process.execPath})\n`,
      );
    }
  });
});

describe('external-endpoints as a process', () => {
  it('ends without an error when its reader closes the pipe', () => {
    const { status, stdout, stderr } = spawnSync(
      'bash',
      ['-c', `set -o pipefail; '${process.execPath}' '${BUNDLE}' schema | head -c 1`],
      { encoding: 'utf8' },
    );
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '{', stderr: '' });
  });

  it('reads its list from standard input', async () => {
    const list = `apiVersion: external-endpoints/v1
kind: TargetList
targets: [{ name: a, ports: [{ port: 1 }], endpoints: [{ address: 192.0.2.1 }] }]
`;
    expect(await runCli(['validate', '--config', '-'], {}, list)).toEqual({
      code: 0,
      stdout: 'valid: 1 target\n',
      stderr: '',
    });
  });

  it('reads its flags from the environment', async () => {
    const path = join(directory, 'broken.yaml');
    writeFileSync(path, 'targets: 7\n');
    const environment = { EXTERNAL_ENDPOINTS_CONFIG: path, EXTERNAL_ENDPOINTS_OUTPUT: 'json' };
    const { code, stdout, stderr } = await runCli(['validate'], environment);
    expect([code, stderr]).toEqual([2, '']);
    expect(JSON.parse(stdout)).toMatchObject({ valid: false });
  });

  it('exits with its own code on a defect', () => {
    const preload = join(directory, 'defect.mjs');
    // Nobody expects that the schema, of all things, cannot be printed.
    writeFileSync(
      preload,
      `const { stringify } = JSON;
JSON.stringify = (value, ...more) => {
  if (value?.$schema !== undefined) throw new TypeError('made to fail');
  return stringify(value, ...more);
};`,
    );
    const { status, stderr } = spawnSync(process.execPath, ['--import', preload, BUNDLE, 'schema'], {
      encoding: 'utf8',
    });
    expect(status).toBe(70);
    expect(stderr).toMatch(/^external-endpoints has a defect, please report it:\n\w*Error: .*\n {4}at /);
  });
});

describe.skipIf(missing(['script']))('external-endpoints on a terminal', () => {
  /** What `check` shows on a terminal of 60 columns. */
  function shownWith(environment: string): string {
    const path = join(directory, 'one.yaml');
    writeFileSync(
      path,
      `apiVersion: external-endpoints/v1
kind: TargetList
targets:
  - name: database
    ports: [{ port: 1 }]
    endpoints: [{ address: 192.0.2.1 }, { host: name.invalid }]
    dns: { servers: ["127.0.0.1:1"], timeout: 100ms, attempts: 1 }
`,
    );
    const command = `stty cols 60; ${environment} '${process.execPath}' '${BUNDLE}' check --timeout 1s -c '${path}'`;
    return run('script', '-qc', command, '/dev/null');
  }

  it('shows colours and a progress line that it erases, and wraps long lines', () => {
    const shown = shownWith('TERM=xterm');
    expect(shown).toContain('\u001b[31mnot ready\u001b[39m');
    expect(shown).toContain('\r\u001b[2Kresolving ████████████████████ 1/1');
    const lines = shown.split('\u001b[2K').at(-1)?.split('\r\n') ?? [];
    const table = lines.slice(0, lines.indexOf(''));
    expect(table[0]).toMatch(/^TARGET +ADDRESS +VERDICT/);
    expect(table.length).toBeGreaterThan(2);
  });

  it.each(['NO_COLOR=1 TERM=xterm', 'TERM=dumb'])(
    'shows neither colours nor progress with %s',
    (environment) => {
      const shown = shownWith(environment);
      expect(shown).not.toContain('\u001b');
      expect(shown).toMatch(/^TARGET/);
    },
  );
});

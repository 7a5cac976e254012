import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

interface Instruction {
  readonly name: string;
  readonly text: string;
}

interface DockerStage {
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** The stages of the Dockerfile. Knows as much of the format as this one uses. */
function readStages(): DockerStage[] {
  const lines = readFileSync('Dockerfile', 'utf8').split('\n');
  const instructions = lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): Instruction => {
      const [name = '', ...rest] = line.split(' ');
      return { name, text: rest.join(' ') };
    });
  const starts = instructions.flatMap(({ name }, at) => (name === 'FROM' ? [at] : []));
  return starts.map((start, at) => ({
    from: instructions[start]?.text ?? '',
    instructions: instructions.slice(start + 1, starts[at + 1]),
  }));
}

const [build, shipped, ...more] = readStages();
const textOf = (stage: DockerStage | undefined, name: string) =>
  stage?.instructions.filter((each) => each.name === name).map(({ text }) => text) ?? [];

describe('the Dockerfile', () => {
  it('uses the Node.js version of the development dependencies', () => {
    expect(more).toEqual([]);
    const [major] = packageJson.devDependencies.node.replace('^', '').split('.');
    expect(build?.from).toBe(`node:${major}-bookworm-slim AS build`);
    expect(shipped?.from).toBe(`gcr.io/distroless/nodejs${major}-debian12:nonroot`);
  });

  it('contains only the bundle, and runs as a user that is not root', () => {
    expect(textOf(shipped, 'USER')).toEqual(['nonroot']);
    expect(textOf(shipped, 'RUN')).toEqual([]);
    expect(JSON.parse(textOf(shipped, 'ENTRYPOINT')[0] ?? '')).toEqual([
      '/nodejs/bin/node',
      '/app/external-endpoints.js',
    ]);
  });

  /** The same steps in directories, but for the installation of packages. */
  describe('build', () => {
    let root = '';
    beforeAll(() => {
      root = mkdtempSync(join(tmpdir(), 'external-endpoints-image-'));
    });
    afterAll(() => rmSync(root, { recursive: true }));

    it('copies every file that the build needs, and its bundle runs', () => {
      const source = join(root, 'src');
      mkdirSync(source);
      for (const copied of textOf(build, 'COPY')) {
        const [target = '', ...from] = copied.split(' ').toReversed();
        for (const path of from)
          cpSync(path, join(source, target === './' ? path : target), { recursive: true });
      }
      symlinkSync(resolve('node_modules'), join(source, 'node_modules'));
      const [install, bundle] = textOf(build, 'RUN');
      expect(install).toBe('npm ci --ignore-scripts');
      expect(bundle).toBe('node scripts/build.ts');
      execFileSync(process.execPath, ['scripts/build.ts'], { cwd: source });

      const app = join(root, 'app');
      mkdirSync(app);
      for (const copied of textOf(shipped, 'COPY')) {
        const [stage, ...paths] = copied.split(' ');
        expect(stage).toBe('--from=build');
        expect(paths.pop()).toBe('./');
        for (const path of paths) cpSync(join(root, path), join(app, basename(path)));
      }
      const printed = execFileSync(process.execPath, [join(app, 'external-endpoints.js'), 'version'], {
        encoding: 'utf8',
      });
      expect(printed).toContain(`external-endpoints ${packageJson.version}`);
    });

    it('copies only files that exist and that .dockerignore lets through', () => {
      const kept = readFileSync('.dockerignore', 'utf8').split('\n');
      expect(kept[0]).toBe('*');
      const copied = textOf(build, 'COPY').flatMap((text) => text.split(' ').slice(0, -1));
      for (const path of copied) {
        expect(existsSync(path)).toBe(true);
        expect(kept).toContain(`!${path}`);
      }
    });
  });
});

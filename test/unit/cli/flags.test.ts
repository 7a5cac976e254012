import { Command, type Option } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { COMMANDS, runCommandLine } from '../../../src/cli/program.ts';
import { CliWorld } from '../../support/cli-world.ts';

afterEach(() => vi.unstubAllEnvs());

/** The flags that a command gets from a command line. Throws commander's error when it is invalid. */
function flagsOf(name: string, argv: readonly string[]): Record<string, unknown> {
  const found = COMMANDS.find((command) => command.name === name);
  if (found === undefined) throw new Error(`no command ${name}`);
  const command = found.describe(new Command(name)).exitOverride();
  command.configureOutput({ writeErr: () => undefined });
  let flags: Record<string, unknown> = {};
  command.action((parsed: Record<string, unknown>) => {
    flags = parsed;
  });
  command.parse([...argv], { from: 'user' });
  return flags;
}

const optionsOf = (name: string): readonly Option[] =>
  COMMANDS.find((command) => command.name === name)?.describe(new Command(name)).options ?? [];

describe('every command', () => {
  it.each(COMMANDS.map(({ name }) => name))('%s --help prints an example of the command', async (name) => {
    const { context, terminal } = new CliWorld();
    expect(await runCommandLine([name, '--help'], context)).toBe(0);
    expect(terminal.out.text).toMatch(new RegExp(`^Usage: external-endpoints ${name}`));
    expect(terminal.out.text).toMatch(new RegExp(`\\nExamples:\\n  external-endpoints ${name}`));
    expect(terminal.err.text).toBe('');
  });

  it('appears in --help of the program, which lists nothing else', async () => {
    const { context, terminal } = new CliWorld();
    expect(await runCommandLine(['--help'], context)).toBe(0);
    const listed = /Commands:\n([\s\S]*?)\n\n/.exec(terminal.out.text)?.[1] ?? '';
    expect(listed.split('\n').flatMap((line) => /^ {2}(\w+)/.exec(line)?.[1] ?? [])).toEqual(
      COMMANDS.map(({ name }) => name),
    );
  });

  it('reads each flag from the environment variable named after it', () => {
    for (const { name } of COMMANDS) {
      for (const { long, envVar } of optionsOf(name)) {
        if (long === '--stay') continue;
        const expected = `EXTERNAL_ENDPOINTS_${long?.slice(2).replaceAll('-', '_').toUpperCase()}`;
        expect(`${name} ${long} ${envVar}`).toBe(`${name} ${long} ${expected}`);
      }
    }
  });
});

describe('a flag value', () => {
  it('comes from the flag, else from the environment, else from the default', () => {
    expect(flagsOf('sync', [])).toMatchObject({ policy: 'sync', timeout: 60_000, dryRun: 'none' });
    vi.stubEnv('EXTERNAL_ENDPOINTS_POLICY', 'create-only');
    vi.stubEnv('EXTERNAL_ENDPOINTS_TIMEOUT', '90s');
    vi.stubEnv('EXTERNAL_ENDPOINTS_CONFIG', 'lists');
    vi.stubEnv('EXTERNAL_ENDPOINTS_INSTANCE', 'blue');
    expect(flagsOf('sync', [])).toMatchObject({
      policy: 'create-only',
      timeout: 90_000,
      config: ['lists'],
      instance: 'blue',
    });
    expect(flagsOf('sync', ['--policy=upsert-only', '-c', 'a', '-c', 'b', 'c'])).toMatchObject({
      policy: 'upsert-only',
      config: ['a', 'b', 'c'],
    });
  });

  it.each(['adopt', 'allow-mass-delete', 'accept-drain'])(
    'of the switch --%s is true or false, from the flag and from the environment',
    (flag) => {
      const key = flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
      const variable = `EXTERNAL_ENDPOINTS_${flag.replaceAll('-', '_').toUpperCase()}`;
      const valueWith = (...argv: string[]) => flagsOf('plan', argv)[key];
      expect(valueWith()).toBeUndefined();
      expect(valueWith(`--${flag}`)).toBe(true);
      expect(valueWith(`--${flag}=false`)).toBe(false);
      for (const [text, value] of [
        ['true', true],
        ['1', true],
        ['false', false],
        ['0', false],
        ['', false],
      ] as const) {
        vi.stubEnv(variable, text);
        expect(valueWith()).toBe(value);
      }
      expect(valueWith(`--${flag}`)).toBe(true);
      vi.stubEnv(variable, 'maybe');
      expect(() => valueWith()).toThrow('Use true or false.');
    },
  );

  it.each([
    ['sync', '--policy=destroy'],
    ['sync', '--dry-run=client'],
    ['sync', '--timeout=soon'],
    ['sync', '--timeout=10ms'],
    ['sync', '--instance=Not_A_Label'],
    ['sync', '--output=xml'],
    ['render', '--output=text'],
    ['sync', '--no-such-flag'],
    ['sync', 'excess'],
  ])('that is invalid is rejected: %s %s', (name, flag) => {
    expect(() => flagsOf(name, [flag])).toThrow();
  });
});

describe('an invalid command line', () => {
  it.each([
    [['snyc'], 'Did you mean sync?'],
    [['sync', '--confg', 'x'], 'Did you mean --config?'],
    [['sync', '--policy', 'sinc', '-c', 'x'], 'Allowed choices are sync, upsert-only, create-only'],
    [['sync'], 'no target list is given: pass --config FILE'],
    [['plan', '--configmap', 'targets'], 'expected NAMESPACE/NAME'],
    [['sync', '-c'], 'argument missing'],
    [['version', 'now'], 'too many arguments'],
  ])('%j exits with 2 and prints a hint', async (argv, hint) => {
    const { context, terminal } = new CliWorld();
    expect(await runCommandLine(argv, context)).toBe(2);
    expect(terminal.err.text).toContain(hint);
    expect(terminal.out.text).toBe('');
  });

  it('without a command prints the help and exits with 2', async () => {
    const { context, terminal } = new CliWorld();
    expect(await runCommandLine([], context)).toBe(2);
    expect(terminal.err.text).toContain('Usage: external-endpoints');
  });
});

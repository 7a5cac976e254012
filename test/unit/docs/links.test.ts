import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);

const PAGES = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'test/simulation/README.md'],
  ...readdirSync(new URL('docs/', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => `docs/${path}`),
];

function read(path: URL): string {
  return readFileSync(path, 'utf8');
}

/** As GitHub makes them: lower case, without punctuation, `-` for each space. */
function anchorsOf(page: URL): string[] {
  return [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Why a link of the page leads nowhere; undefined when it leads somewhere. */
function problemWith(link: string, page: URL): string | undefined {
  const target = new URL(link, page);
  const anchor = target.hash.slice(1);
  target.hash = '';
  if (!existsSync(target)) return `${link}: no such file`;
  if (anchor !== '' && !anchorsOf(target).includes(anchor)) return `${link}: no such heading`;
  return undefined;
}

describe('links between pages', () => {
  it.each(PAGES)('of %s lead somewhere', (path) => {
    const page = new URL(path, ROOT);
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = '']) => link);
    expect(links.flatMap((link) => problemWith(link, page) ?? [])).toEqual([]);
  });

  it('that lead nowhere are found', () => {
    const page = new URL('docs/reasons.md', ROOT);
    expect(problemWith('nowhere.md', page)).toBe('nowhere.md: no such file');
    expect(problemWith('dns.md#nowhere', page)).toBe('dns.md#nowhere: no such heading');
    expect(problemWith('dns.md#outcomes', page)).toBeUndefined();
  });
});

describe('docs/adr', () => {
  it('numbers its records consecutively, in the name and in the title', () => {
    const names = readdirSync(new URL('docs/adr/', ROOT)).toSorted();
    const numbers = names.map((name) => Number(name.slice(0, 4)));
    expect(numbers).toEqual(names.map((_, index) => index + 1));
    const titles = names.map((name) => /^# (\d+)\. /.exec(read(new URL(`docs/adr/${name}`, ROOT)))?.[1]);
    expect(titles).toEqual(numbers.map(String));
  });

  it.each(['src', 'test', 'scripts'])('has every record that a comment in %s names', (folder) => {
    const root = new URL(`${folder}/`, ROOT);
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.ts'),
    );
    const named = files.flatMap((path) =>
      [...read(new URL(path, root)).matchAll(/docs\/adr\/(\d{4})/g)].map(([, number = '']) => number),
    );
    const present = readdirSync(new URL('docs/adr/', ROOT)).map((name) => name.slice(0, 4));
    expect(named.filter((number) => !present.includes(number))).toEqual([]);
  });
});

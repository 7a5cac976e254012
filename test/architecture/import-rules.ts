import { dirname, join, normalize } from 'node:path';

/**
 * Who may import whom among the folders of `src`. Types count as much as values: a domain folder that knows
 * an io type knows io.
 */
const DOMAIN = ['plan', 'manifest', 'endpoint', 'dns', 'health', 'model', 'time'];
const SHELL = ['sync', 'decide', 'cluster', 'state', 'list', 'config', ...DOMAIN];

const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  main: ['wiring', 'cli'],
  wiring: ['cli', 'io', 'embedded', 'demo-world', ...SHELL],
  'demo-world': ['cli', 'io', 'embedded', ...SHELL],
  cli: SHELL,
  io: SHELL,
  embedded: ['health', 'dns', 'model', 'time'],
  sync: ['decide', 'cluster', 'state', 'list', 'config', ...DOMAIN],
  decide: DOMAIN,
  state: ['cluster', ...DOMAIN],
  list: ['cluster', 'config', ...DOMAIN],
  cluster: DOMAIN,
  plan: ['manifest', 'endpoint', 'dns', 'health', 'model', 'time'],
  manifest: ['endpoint', 'dns', 'health', 'model', 'time'],
  endpoint: ['dns', 'health', 'model', 'time'],
  dns: ['model', 'time'],
  health: ['model', 'time'],
  config: ['model', 'time'],
  time: ['model'],
  model: [],
};

/** Node's modules that only compute (vm bounds the time of a regular expression): everything else reaches the world and belongs in io or embedded. */
const PURE_NODE_MODULES = new Set(['node:url', 'node:util', 'node:buffer', 'node:vm']);
/** Of other modules, the parts that touch no network and are no randomness. */
const PURE_NAMES: Readonly<Record<string, ReadonlySet<string>>> = {
  'node:net': new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList', 'SocketAddress']),
  'node:crypto': new Set(['createHash']),
};

const WORLDLY_FOLDERS = new Set(['main', 'wiring', 'demo-world', 'io', 'embedded']);

/** Packages that one folder alone may know. */
const KEPT_BY: Readonly<Record<string, readonly string[]>> = {
  'dns-packet': ['dns', 'embedded'],
  '@kubernetes/client-node': ['io', 'wiring', 'demo-world'],
  undici: ['io'],
  commander: ['cli'],
};

/** Ambient ways around the ports. */
const AMBIENT =
  /\b(Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|setImmediate|performance\.now|process\.\w)/;

/** Composite signals: Node.js keeps one with a listener alive for as long as one of its sources lives, `timeout` for its time. */
const LEAKING_SIGNAL = /\bAbortSignal\.(any|timeout)\b/;

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every breach of the rules, one line each. */
export function breachesIn(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [
    ...importsOf(file).flatMap((each) => breachOfImport(file, each)),
    ...breachesOfAmbience(file),
    ...leakingSignalsIn(file),
  ]);
}

/** Files that import one another in a circle, types included: none of them can be read first. One line a circle. */
export function circlesIn(files: readonly SourceFile[]): string[] {
  const imports = new Map(
    files.map((file) => [
      file.path,
      importsOf(file).flatMap(({ from }) =>
        from.startsWith('.') ? [normalize(join(dirname(file.path), from)).replaceAll('\\', '/')] : [],
      ),
    ]),
  );
  const circles = new Set<string>();
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]) => {
    const at = way.indexOf(path);
    if (at >= 0) circles.add(way.slice(at).join(' → '));
    if (at >= 0 || done.has(path)) return;
    for (const next of imports.get(path) ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  return [...circles];
}

interface Import {
  readonly names: string;
  readonly from: string;
}

function importsOf({ text }: SourceFile): Import[] {
  const pattern =
    /(?:import|export)\s+(?:type\s+)?([^'";]*?)\s*from\s*['"]([^'"]+)['"]|import\s*\(\s*['"]([^'"]+)['"]\s*\)|import\s+['"]([^'"]+)['"]/g;
  return [...text.matchAll(pattern)].map((match) => ({
    names: match[1] ?? '',
    from: match[2] ?? match[3] ?? match[4] ?? '',
  }));
}

/** The folders, and single files of src, that the rules know. */
export const RULED_FOLDERS: readonly string[] = Object.keys(MAY_IMPORT);

/** `src/dns/message.ts` is in `dns`, `src/wiring.ts` in `wiring`. */
export function folderOf(path: string): string {
  const [, first = '', ...rest] = path.split('/');
  return rest.length === 0 ? first.replace(/\.ts$/, '') : first;
}

function breachOfImport(file: SourceFile, { names, from }: Import): string[] {
  const folder = folderOf(file.path);
  if (from.startsWith('.')) {
    const other = folderOf(normalize(join(dirname(file.path), from)));
    const allowed = MAY_IMPORT[folder];
    if (allowed === undefined) return [`${file.path}: the folder ${folder} is not in the rules`];
    return other === folder || allowed.includes(other)
      ? []
      : [`${file.path} imports ${from}: ${folder} must not know ${other}`];
  }
  if (from.startsWith('node:')) {
    if (WORLDLY_FOLDERS.has(folder) || isPure(names, from)) return [];
    return [`${file.path} imports ${from}: only io and embedded reach the world`];
  }
  const keepers = Object.entries(KEPT_BY).find(([name]) => from === name || from.startsWith(`${name}/`))?.[1];
  return keepers === undefined || keepers.includes(folder)
    ? []
    : [`${file.path} imports ${from}: only ${keepers.join(' and ')} may`];
}

function isPure(names: string, from: string): boolean {
  if (PURE_NODE_MODULES.has(from)) return true;
  const pure = PURE_NAMES[from];
  if (pure === undefined) return false;
  const imported = names
    .replace(/[{}]/g, '')
    .split(',')
    .map((name) => name.trim().replace(/^type /, ''));
  return imported.filter((name) => name !== '').every((name) => pure.has(name));
}

function breachesOfAmbience({ path, text }: SourceFile): string[] {
  if (WORLDLY_FOLDERS.has(folderOf(path))) return path.startsWith('src/main.ts') ? [] : processIn(path, text);
  return codeLines(text).flatMap((line, index) => {
    const found = AMBIENT.exec(line)?.[1];
    return found === undefined
      ? []
      : [`${path}:${index + 1} uses ${found}: time, randomness and the process come in through ports`];
  });
}

/** `process` belongs to main alone; io and embedded get what they need handed. */
function processIn(path: string, text: string): string[] {
  return codeLines(text).flatMap((line, index) =>
    /\bprocess\.\w/.test(line) ? [`${path}:${index + 1} uses process: only main.ts may`] : [],
  );
}

/** No exceptions: a LinkedController or a Deadline does the same, and its owner ends it. */
function leakingSignalsIn({ path, text }: SourceFile): string[] {
  return codeLines(text).flatMap((line, index) => {
    const found = LEAKING_SIGNAL.exec(line)?.[0];
    return found === undefined
      ? []
      : [`${path}:${index + 1} uses ${found}: a LinkedController or a Deadline can be ended`];
  });
}

/** The lines with comments and strings taken out, so that only code is judged. */
function codeLines(text: string): string[] {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .split('\n')
    .map((line) => line.replace(/\/\/.*$/, '').replace(/'[^']*'|"[^"]*"/g, "''"));
}

import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * `npm run bench -- [--smoke] [NAME…]`: runs `test/bench/NAME.ts`, all of them by default, one after the other. Each
 * prints a JSON line a result, with the figure of an anchor measured in the same run beside it. With --smoke each
 * runs at a size that only shows that it still works.
 */
const args = process.argv.slice(2);
const smoke = args.includes('--smoke');
const names = args.filter((arg) => !arg.startsWith('--'));
const known = globSync('test/bench/*.ts')
  .map((path) => basename(path, '.ts'))
  .sort();
const unknown = names.filter((name) => !existsSync(`test/bench/${name}.ts`));
if (unknown.length > 0) {
  console.error(`no such bench: ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  process.exit(2);
}
for (const name of names.length > 0 ? names : known) {
  const { status } = spawnSync(process.execPath, [`test/bench/${name}.ts`, ...(smoke ? ['--smoke'] : [])], {
    stdio: 'inherit',
  });
  if (status !== 0) {
    console.error(`bench ${name} failed`);
    process.exitCode = 1;
  }
}

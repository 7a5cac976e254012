import { chmodSync } from 'node:fs';
import { build } from 'esbuild';
import packageJson from '../package.json' with { type: 'json' };

/** One file is what ships: it starts five times faster than the same code through `node_modules`. */
const OUTPUT = 'dist/external-endpoints.js';

await build({
  entryPoints: ['src/main.ts'],
  outfile: OUTPUT,
  bundle: true,
  platform: 'node',
  target: 'node22.19',
  format: 'esm',
  sourcemap: 'linked',
  legalComments: 'linked',
  define: { __VERSION__: JSON.stringify(packageJson.version) },
  // CommonJS packages inside an ES module still call `require` for Node's own modules.
  banner: {
    js: '#!/usr/bin/env node\nimport{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
  },
  logLevel: 'warning',
});
chmodSync(OUTPUT, 0o755);

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generatedFiles } from '../../../scripts/generated-files.ts';

test.each([...generatedFiles()])('%s is what `npm run generate` writes', (path, content) => {
  expect(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')).toBe(content);
});

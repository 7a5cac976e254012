import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { encodeState, formatStored } from '../../../src/state/state-codec.ts';
import { EMPTY_STATE } from '../../support/empty-state.ts';

it('docs/adr/0015 lists every field of the saved state, in order', () => {
  const page = readFileSync(new URL('../../../docs/adr/0015-state-configmap.md', import.meta.url), 'utf8');
  const listed = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, field]) => field);
  const state = encodeState({ ...EMPTY_STATE, suspectSinceMs: 0 }, { monotonicMs: 0, wallMs: 0 });
  const text = JSON.parse(formatStored(new Map([['shop', { savedAt: 0, state }]])));
  expect(listed).toEqual([...Object.keys(text), ...Object.keys(text.lists.shop), ...Object.keys(state)]);
});

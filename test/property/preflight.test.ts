import fc from 'fast-check';
import { expect, it } from 'vitest';
import { GoldenInMemory } from '../support/golden-in-memory.ts';
import { acceptedList, NASTY_WORLD, nastyList } from '../support/nasty-lists.ts';
import { onePass } from '../support/one-pass.ts';

/** Our validation finds everything that the API server would reject. */
it('the API server accepts every accepted list, without a warning', async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(nastyList, fc.boolean(), async (text, dualStack) => {
      const list = acceptedList(text, 'default');
      if (list === undefined) return;
      accepted += 1;
      const place = new GoldenInMemory(dualStack ? ['10.96.0.0/16', 'fd00:10:96::/112'] : ['10.96.0.0/16']);
      const { clock, store } = place;
      const { report } = await place.finish(onePass({ list, store, clock, world: NASTY_WORLD }));
      place.stop();
      const [{ phase, message, warnings = [] } = { phase: '', message: '' }] = report.targets;
      expect({ failed: phase === 'Failed' ? message : '', warnings }).toEqual({ failed: '', warnings: [] });
    }),
    { numRuns: 1_500 },
  );
  expect(accepted).toBeGreaterThan(30);
});

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { MUTATIONS } from '../simulation/mutants/mutations.ts';

it.each(MUTATIONS.map((each) => [each.name, each] as const))(
  'the source has the place of mutation %s exactly once',
  (_, { file, from }) => {
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
    expect(source.split(from).length - 1).toBe(1);
  },
);

it('the mutations break every invariant of the simulation', () => {
  const broken = new Set(MUTATIONS.flatMap(({ breaks }) => breaks));
  expect([...broken].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

import { describe, expect, it } from 'vitest';
import { limitIn, probeBound } from '../../../src/io/probe-bound.ts';

describe('probeBound', () => {
  it.each([
    [20_000, 2_048],
    [Number.POSITIVE_INFINITY, 2_048],
    [1_024, 512],
    [1, 1],
  ])('with a limit of %i open files is %i', (openFiles, bound) => {
    expect(probeBound(openFiles)).toBe(bound);
  });

  it.each([
    ['Max open files            1024                 524288               files     \n', 1_024],
    [
      'Max open files            unlimited            unlimited            files     \n',
      Number.POSITIVE_INFINITY,
    ],
    ['Max processes             1                    1                    processes \n', 1_024],
  ])('reads %j', (limits, soft) => {
    expect(limitIn(limits)).toBe(soft);
  });
});

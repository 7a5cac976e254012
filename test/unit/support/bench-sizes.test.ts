import { describe, expect, it } from 'vitest';
import { growthExponent, sizesOf } from '../../support/bench-sizes.ts';

describe('growthExponent', () => {
  it.each([
    [1, { targets: 1_000, cpuMs: 500 }, { targets: 10_000, cpuMs: 5_000 }],
    [2, { targets: 1_000, cpuMs: 500 }, { targets: 10_000, cpuMs: 50_000 }],
    [0, { targets: 1_000, cpuMs: 500 }, { targets: 3_000, cpuMs: 500 }],
    [undefined, undefined, { targets: 3_000, cpuMs: 500 }],
    [undefined, { targets: 3_000, cpuMs: 400 }, { targets: 3_000, cpuMs: 500 }],
  ])('is %s from %o to %o', (exponent, from, to) => {
    expect(growthExponent('cpuMs', from, to)).toBe(exponent);
  });
});

describe('sizesOf', () => {
  it('takes the sizes of the command line before any other', () => {
    expect(sizesOf(['--smoke', '7', '20'], 100, [1_000])).toEqual([7, 20]);
  });
  it('takes the smoke size with --smoke', () => {
    expect(sizesOf(['--smoke'], 100, [1_000])).toEqual([100]);
  });
  it('takes the usual sizes without arguments', () => {
    expect(sizesOf([], 100, [1_000])).toEqual([1_000]);
  });
  it('rejects a size that is not a whole number', () => {
    expect(() => sizesOf(['many'], 100, [1_000])).toThrow('sizes are whole numbers: many');
  });
});

import { describe, expect, it } from 'vitest';
import { applyPanic } from '../../../src/endpoint/panic.ts';
import { assessed, readinessOf } from '../../support/assessments.ts';

const ready = (assessments: Parameters<typeof applyPanic>[0], threshold: number) =>
  readinessOf(applyPanic(assessments, threshold));

describe('applyPanic', () => {
  const oneOfFour = [
    assessed('10.0.0.1', 'healthy'),
    ...['10.0.0.2', '10.0.0.3', '10.0.0.4'].map((address) => assessed(address, 'unhealthy')),
  ];

  it('publishes every address of the tier when too few are healthy', () => {
    expect(ready(oneOfFour, 50)).toEqual([
      '10.0.0.1 ready Connected',
      '10.0.0.2 ready PanicMode',
      '10.0.0.3 ready PanicMode',
      '10.0.0.4 ready PanicMode',
    ]);
  });

  it.each([
    ['off', 0],
    ['exactly at the threshold', 25],
    ['above it', 20],
  ])('changes nothing when the share is %s', (_when, threshold) => {
    expect(applyPanic(oneOfFour, threshold)).toEqual(oneOfFour);
  });

  it('publishes the best tier when no tier has a healthy address', () => {
    const given = [assessed('10.0.0.1', 'unhealthy'), assessed('10.0.1.1', 'unhealthy', { priority: 1 })];
    expect(ready(given, 1)).toEqual(['10.0.0.1 ready PanicMode', '10.0.1.1 not ready ConnectionRefused']);
  });

  it('never publishes addresses that are refused, drained or without a verdict', () => {
    const given = [
      assessed('127.0.0.1', 'unhealthy', { refused: true }),
      assessed('10.0.0.2', 'unhealthy', { drained: true }),
      assessed('10.0.0.3', 'unknown', { port: { withheld: true } }),
    ];
    expect(applyPanic(given, 50)).toEqual(given);
  });
});

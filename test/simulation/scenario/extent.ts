import type { Random } from '../../../src/time/random.ts';

type Range = readonly [number, number];

/** The size of one scenario. */
export interface Extent {
  readonly name: 'brief' | 'usual' | 'long';
  readonly targets: Range;
  readonly incidents: Range;
  /** Passes run one by one. Replicas run all the time, and observe as much in less time. */
  readonly disturbedMs: { readonly cronJob: number; readonly deployment: number };
  readonly cronPeriodSeconds: Range;
  /** The duration of an incident as a share of its duration in a long scenario. */
  readonly pace: number;
  readonly obsoleteSeconds: readonly number[];
  readonly notFoundSeconds: readonly number[];
  readonly ttlSeconds: readonly number[];
  readonly checkSeconds: readonly number[];
  /** How long nothing may be written at the end. */
  readonly restMs: number;
}

/**
 * Small scenarios find most bugs, and many more of them fit into the same time: the same incidents, sooner and with fewer
 * targets. A few large scenarios find the bugs that need many targets or much time.
 */
const EXTENTS: readonly { readonly share: number; readonly extent: Extent }[] = [
  {
    share: 80,
    extent: {
      name: 'brief',
      targets: [1, 2],
      incidents: [1, 8],
      disturbedMs: { cronJob: 100_000, deployment: 70_000 },
      cronPeriodSeconds: [8, 16],
      pace: 0.25,
      obsoleteSeconds: [0, 4, 10],
      notFoundSeconds: [0, 8, 15],
      ttlSeconds: [5, 10],
      checkSeconds: [5, 10],
      restMs: 30_000,
    },
  },
  {
    share: 17,
    extent: {
      name: 'usual',
      targets: [1, 4],
      incidents: [2, 16],
      disturbedMs: { cronJob: 240_000, deployment: 120_000 },
      cronPeriodSeconds: [15, 35],
      pace: 0.5,
      obsoleteSeconds: [0, 10, 30],
      notFoundSeconds: [0, 20, 40],
      ttlSeconds: [5, 15],
      checkSeconds: [5, 10],
      restMs: 45_000,
    },
  },
  {
    share: 3,
    extent: {
      name: 'long',
      targets: [2, 7],
      incidents: [8, 40],
      disturbedMs: { cronJob: 600_000, deployment: 300_000 },
      cronPeriodSeconds: [20, 45],
      pace: 1,
      obsoleteSeconds: [0, 10, 30],
      notFoundSeconds: [0, 30, 60],
      ttlSeconds: [5, 30],
      checkSeconds: [5, 20],
      restMs: 90_000,
    },
  },
];

export function extentOf(random: Random): Extent {
  let ticket = random.integer(EXTENTS.reduce((sum, { share }) => sum + share, 0));
  for (const { share, extent } of EXTENTS) {
    if (ticket < share) return extent;
    ticket -= share;
  }
  throw new Error('every ticket belongs to an extent');
}

import type * as z from 'zod';
import type { PublishSettings } from '../model/target.ts';
import { listOf, oneOf, section, textOrNumber } from './field.ts';
import { uniqueBy } from './field-rules.ts';
import { describeValue } from './problem.ts';
import { parsePercentage } from './quantities.ts';

export const publishSchema = section(
  {
    resources: listOf(oneOf(['EndpointSlice', 'Endpoints'], { description: 'Kind of object.' }), {
      description:
        'Kinds of objects that contain the addresses. Endpoints is deprecated since Kubernetes 1.33, but many clients still read it.',
      default: ['EndpointSlice', 'Endpoints'],
      min: 1,
      max: 2,
      of: 'kinds',
    })
      .superRefine(uniqueBy((kind) => kind))
      .optional(),
    unhealthy: oneOf(['notReady', 'remove'], {
      description: 'How an unhealthy address is published: as `ready: false`, or not at all.',
      default: 'notReady',
    }).optional(),
    panicThreshold: textOrNumber(
      {
        description:
          "When a smaller percentage of a target's addresses is healthy, all of them are published as ready. 0 turns this off.",
        default: 0,
        expected: 'a percentage from 0 to 100',
        examples: [50, '50%'],
      },
      (value) =>
        percentOf(value) === undefined
          ? { message: `${describeValue(value)} is not a whole percentage` }
          : undefined,
    ).optional(),
    lastReady: oneOf(['keep', 'drain'], {
      description:
        'What becomes of addresses without which nothing of the target would be ready, when they fall silent: kept as ready until something definite comes, or drained.',
      default: 'keep',
    }).optional(),
  },
  { id: 'Publish', description: 'How addresses are published.' },
);

function percentOf(value: string | number): number | undefined {
  return parsePercentage(typeof value === 'number' ? `${value}%` : value);
}

export function publishFrom(written: z.infer<typeof publishSchema> | undefined): PublishSettings {
  return {
    resources: written?.resources ?? ['EndpointSlice', 'Endpoints'],
    unhealthy: written?.unhealthy ?? 'notReady',
    panicThresholdPercent: percentOf(written?.panicThreshold ?? 0) ?? 0,
    lastReady: written?.lastReady ?? 'keep',
  };
}

import type * as z from 'zod';
import type { PublishSettings } from '../model/target.ts';
import { listOf, oneOf, section, textOrNumber } from './field.ts';
import { unrepeated } from './field-rules.ts';
import { describeValue } from './problem.ts';
import { parsePercentage } from './quantities.ts';

export const publishSchema = section(
  {
    resources: listOf(oneOf(['EndpointSlice', 'Endpoints'], { description: 'A kind of object.' }), {
      description:
        'Which objects carry the addresses. Endpoints is deprecated since Kubernetes 1.33 and still read by many.',
      default: ['EndpointSlice', 'Endpoints'],
      min: 1,
      max: 2,
      of: 'kinds',
    })
      .superRefine(unrepeated((kind) => kind))
      .optional(),
    unhealthy: oneOf(['notReady', 'remove'], {
      description: 'How an unhealthy address is shown: kept as `ready: false`, or left out.',
      default: 'notReady',
    }).optional(),
    panicThreshold: textOrNumber(
      {
        description:
          "When fewer than this percentage of a target's addresses are healthy, all are published ready. 0 is off.",
        default: 0,
        expected: 'a percentage from 0 to 100',
        examples: [50, '50%'],
      },
      (value) =>
        percentOf(value) === undefined
          ? { message: `${describeValue(value)} is no whole percentage` }
          : undefined,
    ).optional(),
  },
  { id: 'Publish', description: 'What is published of what was found.' },
);

function percentOf(value: string | number): number | undefined {
  return parsePercentage(typeof value === 'number' ? `${value}%` : value);
}

export function publishFrom(written: z.infer<typeof publishSchema> | undefined): PublishSettings {
  return {
    resources: written?.resources ?? ['EndpointSlice', 'Endpoints'],
    unhealthy: written?.unhealthy ?? 'notReady',
    panicThresholdPercent: percentOf(written?.panicThreshold ?? 0) ?? 0,
  };
}

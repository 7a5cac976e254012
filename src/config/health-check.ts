import type * as z from 'zod';
import type { HealthCheckSettings, TargetPort } from '../model/target.ts';
import { alternatives, oneOf, section, textOrNumber, wholeNumber } from './field.ts';
import type { Report } from './field-rules.ts';
import { kindFields, kindFrom, reportUnused } from './health-check-kind.ts';
import { nearest } from './nearest.ts';
import { describeValue } from './problem.ts';
import { durationField, durationMs, formatDuration } from './quantities.ts';

const DEFAULTS = {
  interval: '10s',
  fastInterval: '1s',
  timeout: '2s',
  healthy: 2,
  unhealthy: 3,
} as const;

export const healthCheckSchema = section(
  {
    ...kindFields,
    port: textOrNumber(
      {
        description: 'TCP port to check: its name, or its number on the addresses (`targetPort`).',
        otherwise: 'every TCP port of the target, each with its own verdict',
        expected: 'the name or the targetPort of a TCP port of the target',
        examples: ['postgres', 5432],
      },
      () => undefined,
    ).optional(),
    interval: durationField({
      description: 'Time between two checks of an address with a verdict.',
      default: DEFAULTS.interval,
      min: '100ms',
      max: '1h',
    }).optional(),
    fastInterval: durationField({
      description: 'Time between two checks until a verdict is reached.',
      default: DEFAULTS.fastInterval,
      min: '10ms',
      max: '1h',
    }).optional(),
    timeout: durationField({
      description: 'Time limit for one check. At most the interval.',
      default: DEFAULTS.timeout,
      min: '10ms',
      max: '60s',
    }).optional(),
    healthyThreshold: wholeNumber({
      description: 'Successful checks in a row that make an unhealthy address healthy.',
      default: DEFAULTS.healthy,
      min: 1,
      max: 100,
    }).optional(),
    unhealthyThreshold: wholeNumber({
      description: 'Failed checks in a row that make a healthy address unhealthy.',
      default: DEFAULTS.unhealthy,
      min: 1,
      max: 100,
    }).optional(),
    oneShot: oneOf(['verdict', 'accumulate'], {
      description:
        'How `sync` checks: `verdict` repeats the check until a threshold is reached; `accumulate` checks once a run and adds the results of earlier runs.',
      default: 'verdict',
    }).optional(),
  },
  { id: 'HealthCheck', description: 'How the health of an address is checked.' },
);

type WrittenHealthCheck = z.infer<typeof healthCheckSchema>;

/**
 * `written` is the target's section merged with `defaults`; `own` is the target's section alone. A built-in default
 * never contradicts a written value: with `interval: 500ms` alone, both other times are at most 500ms.
 */
export function healthCheckFrom(
  written: WrittenHealthCheck | undefined,
  own: WrittenHealthCheck | undefined,
  ports: readonly TargetPort[],
  report: Report,
): HealthCheckSettings {
  const kind = kindFrom(written, own);
  reportUnused(own, kind, report);
  const intervalMs = durationMs(written?.interval ?? DEFAULTS.interval);
  const atMostInterval = (field: 'timeout' | 'fastInterval'): number => {
    const text = written?.[field];
    if (text === undefined) return Math.min(durationMs(DEFAULTS[field]), intervalMs);
    const ms = durationMs(text);
    if (ms > intervalMs) {
      const interval = formatDuration(intervalMs);
      const message = `${field} ${text} is longer than the interval ${interval}`;
      report(['healthCheck', field], { message, expected: `at most ${interval}` });
    }
    return ms;
  };
  return {
    kind,
    ports: checkedPorts(written?.port, ports, report),
    intervalMs,
    fastIntervalMs: atMostInterval('fastInterval'),
    timeoutMs: atMostInterval('timeout'),
    healthyThreshold: written?.healthyThreshold ?? DEFAULTS.healthy,
    unhealthyThreshold: written?.unhealthyThreshold ?? DEFAULTS.unhealthy,
    oneShot: written?.oneShot ?? 'verdict',
  };
}

function checkedPorts(
  port: string | number | undefined,
  ports: readonly TargetPort[],
  report: Report,
): number[] {
  if (port === undefined) return [];
  const tcp = ports.filter(({ protocol }) => protocol === 'TCP');
  const match = tcp.find(({ name, targetPort }) =>
    typeof port === 'number' ? targetPort === port : name === port,
  );
  if (match !== undefined) return [match.targetPort];
  const names = tcp.flatMap(({ name, targetPort }) => [...(name === '' ? [] : [name]), String(targetPort)]);
  report(['healthCheck', 'port'], {
    message: `${describeValue(port)} is not a TCP port of this target`,
    expected: names.length === 0 ? 'no port, because the target has no TCP port' : alternatives(names),
    ...portHint(port, ports, names),
  });
  return [];
}

function portHint(
  port: string | number,
  ports: readonly TargetPort[],
  names: readonly string[],
): { hint?: string } {
  const served = ports.find((candidate) => candidate.port === port || candidate.name === port);
  if (served !== undefined && served.protocol !== 'TCP')
    return { hint: `${port} is a ${served.protocol} port` };
  if (served !== undefined) {
    return { hint: `${port} is the Service's port; on the addresses it is ${served.targetPort}` };
  }
  const near = nearest(String(port), names);
  return near === undefined ? {} : { hint: `did you mean ${near}?` };
}

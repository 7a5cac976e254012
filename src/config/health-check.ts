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
        description: 'Which TCP port is checked: its name, or its number on the addresses (`targetPort`).',
        otherwise: 'every TCP port of the target, each with a verdict of its own',
        expected: 'the name or the targetPort of a TCP port of the target',
        examples: ['postgres', 5432],
      },
      () => undefined,
    ).optional(),
    interval: durationField({
      description: 'Between two checks of an address whose verdict stands.',
      default: DEFAULTS.interval,
      min: '100ms',
      max: '1h',
    }).optional(),
    fastInterval: durationField({
      description: 'Between two checks while a verdict is being formed.',
      default: DEFAULTS.fastInterval,
      min: '10ms',
      max: '1h',
    }).optional(),
    timeout: durationField({
      description: 'Of one check; at most the interval.',
      default: DEFAULTS.timeout,
      min: '10ms',
      max: '60s',
    }).optional(),
    healthyThreshold: wholeNumber({
      description: 'Good checks in a row that make an unhealthy address healthy.',
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
        'What one pass of `sync` does: `verdict` tries on until the thresholds are reached, `accumulate` checks once and lets later passes add theirs.',
      default: 'verdict',
    }).optional(),
  },
  { id: 'HealthCheck', description: 'How an address is found healthy.' },
);

type WrittenHealthCheck = z.infer<typeof healthCheckSchema>;

/** `own` is what the target itself writes, without `defaults`. Defaults give way to what was written: `interval: 500ms` alone makes both other times 500ms at most. */
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
    message: `${describeValue(port)} is no TCP port of this target`,
    expected: names.length === 0 ? 'no port, as the target has none over TCP' : alternatives(names),
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

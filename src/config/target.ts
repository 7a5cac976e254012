import type { SourceLocation, Target, TargetPort } from '../model/target.ts';
import { dnsFrom } from './dns.ts';
import { endpointsFrom } from './endpoints.ts';
import type { Report } from './field-rules.ts';
import { healthCheckFrom } from './health-check.ts';
import { portsFrom } from './ports.ts';
import type { Path } from './problem.ts';
import { publishFrom } from './publish.ts';
import type { WrittenDefaults, WrittenTarget } from './schema.ts';
import { serviceFrom } from './service.ts';

export const DEFAULT_NAMESPACE = 'default';

interface TargetPlaces {
  readonly target: SourceLocation;
  /** The location of a field of the target. */
  locate(field: Path): SourceLocation;
}

/**
 * A target from its own fields, then `defaults`, then the built-in defaults. Rules about several fields call
 * `report`; the result is valid only if none did.
 */
export function targetFrom(
  written: WrittenTarget,
  defaults: WrittenDefaults,
  places: TargetPlaces,
  report: Report,
): Target {
  const merged = withDefaults(defaults, written) as WrittenTarget;
  const ports = portsFrom(merged.ports);
  reportFieldsWithoutEffect(written, ports, report);
  reportAmbiguousSrvPorts(written, ports, report);
  return {
    namespace: merged.namespace ?? DEFAULT_NAMESPACE,
    name: merged.name,
    ports,
    endpoints: endpointsFrom(merged.endpoints, (at, field) => places.locate(['endpoints', at, field])),
    dns: dnsFrom(merged.dns, report),
    healthCheck: healthCheckFrom(merged.healthCheck, written.healthCheck, ports, report),
    publish: publishFrom(merged.publish),
    service: serviceFrom(merged.service, report),
    adopt: merged.adopt ?? false,
    deletionPolicy: merged.deletionPolicy ?? 'Delete',
    declaredAt: places.target,
  };
}

/**
 * Checks only the fields that the target itself writes. Fields of `defaults` need not have an effect on every
 * target.
 */
function reportFieldsWithoutEffect(
  written: WrittenTarget,
  ports: readonly TargetPort[],
  report: Report,
): void {
  const { service, healthCheck } = written;
  if (service?.create === false) {
    for (const field of otherFields(service, 'create')) {
      const message = `${field} has no effect with create: false, because something else writes the Service`;
      report(['service', field], { message, expected: 'no other field with create: false', atKey: true });
    }
  }
  if (healthCheck?.type === 'none') {
    for (const field of otherFields(healthCheck, 'type').filter((name) => !KIND_SECTIONS.has(name))) {
      const message = `${field} has no effect with type: none`;
      report(['healthCheck', field], { message, expected: 'no other field with type: none', atKey: true });
    }
  }
  const checks = healthCheck?.type !== undefined && healthCheck.type !== 'none';
  if (checks && !ports.some(({ protocol }) => protocol === 'TCP')) {
    const message = 'none of the ports is TCP, so there is nothing to connect to';
    report(['healthCheck', 'type'], { message, expected: 'none' });
  }
}

/** `reportUnused` reports these, with the type that they belong to. */
const KIND_SECTIONS: ReadonlySet<string> = new Set(['tcp', 'tls', 'http']);

function otherFields(section: object, but: string): string[] {
  return Object.entries(section).flatMap(([field, value]) =>
    field === but || value === undefined ? [] : [field],
  );
}

/** The port of an SRV record replaces `targetPort`, so a target with SRV records needs exactly one. */
function reportAmbiguousSrvPorts(written: WrittenTarget, ports: readonly TargetPort[], report: Report): void {
  const numbers = [...new Set(ports.map(({ targetPort }) => targetPort))];
  if (numbers.length < 2) return;
  written.endpoints.forEach((endpoint, at) => {
    if (endpoint.srv === undefined) return;
    report(['endpoints', at, 'srv'], {
      message: `an SRV record has one port, but the target has ${numbers.length} targetPorts (${numbers.join(', ')})`,
      expected: 'a target with one targetPort',
      hint: 'declare a separate target, or list the hosts and set targetPort',
    });
  });
}

/** Merges `upper` over `lower`: mappings field by field, every other value as a whole. Changes neither. */
function withDefaults(lower: unknown, upper: unknown): unknown {
  if (upper === undefined) return lower;
  if (!isMapping(lower) || !isMapping(upper)) return upper;
  const result: Record<string, unknown> = { ...lower };
  for (const [key, value] of Object.entries(upper)) result[key] = withDefaults(result[key], value);
  return result;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

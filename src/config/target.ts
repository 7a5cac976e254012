import type { SourceLocation, Target } from '../target/target.ts';
import { dnsFrom } from './dns.ts';
import { endpointsFrom } from './endpoints.ts';
import { healthCheckFrom } from './health-check.ts';
import { layered } from './layered.ts';
import { portsFrom } from './ports.ts';
import type { Path } from './problem.ts';
import { publishFrom } from './publish.ts';
import type { Report } from './report.ts';
import type { WrittenDefaults, WrittenTarget } from './schema.ts';
import { serviceFrom } from './service.ts';

export const DEFAULT_NAMESPACE = 'default';

interface TargetPlaces {
  readonly target: SourceLocation;
  /** Of a field of the target. */
  locate(field: Path): SourceLocation;
}

/** A target as the list means it: what it writes, over `defaults`, over the built-in defaults. */
export function targetFrom(
  written: WrittenTarget,
  defaults: WrittenDefaults,
  places: TargetPlaces,
  report: Report,
): Target {
  const merged = layered(defaults, written) as WrittenTarget;
  const ports = portsFrom(merged.ports);
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

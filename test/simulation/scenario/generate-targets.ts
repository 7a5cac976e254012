import type { Random } from '../../../src/time/random.ts';
import type { NameContent } from '../world/names.ts';
import { between, chance, pick } from '../world/streams.ts';
import type { Extent } from './extent.ts';
import { MANY, type PortSpec, SERVICE_PORT, type SourceSpec, type TargetSpec } from './target-spec.ts';

export const NAMESPACES = ['shop', 'data'];

export interface GeneratedTargets {
  readonly targets: readonly TargetSpec[];
  readonly names: readonly (readonly [string, NameContent])[];
}

export function generateTargets(random: Random, extent: Extent): GeneratedTargets {
  const names: [string, NameContent][] = [];
  const count = between(random, ...extent.targets);
  const targets = Array.from({ length: count }, (_, at) => generateTarget(at, random, extent, names));
  return { targets, names };
}

function generateTarget(
  at: number,
  random: Random,
  extent: Extent,
  names: [string, NameContent][],
): TargetSpec {
  const ports = generatePorts(random);
  const crowd = chance(random, 0.02) ? generateCrowd(at, random) : [];
  const adopt = chance(random, 0.3);
  const create = chance(random, 0.9);
  const resources = chance(random, 0.75)
    ? (['EndpointSlice', 'Endpoints'] as const)
    : chance(random, 0.6)
      ? (['EndpointSlice'] as const)
      : (['Endpoints'] as const);
  return {
    name: `t${at}`,
    namespace: pick(random, NAMESPACES),
    ports,
    endpoints: crowd.length > 0 ? crowd : generateSources(at, random, names, ports),
    check: pick(random, ['tcp', 'tcp', 'tcp', 'exchange', 'none'] as const),
    checkSeconds: crowd.length > 0 ? Math.max(...extent.checkSeconds) : pick(random, extent.checkSeconds),
    healthyThreshold: between(random, 1, 3),
    unhealthyThreshold: between(random, 1, 4),
    obsoleteSeconds: pick(random, extent.obsoleteSeconds),
    notFoundSeconds: pick(random, extent.notFoundSeconds),
    resources,
    unhealthy: chance(random, 0.75) ? 'notReady' : 'remove',
    ...(chance(random, 0.2) ? { panicPercent: pick(random, [30, 50, 70, 100]) } : {}),
    serviceType: create && chance(random, 0.15) && !adopt ? 'Headless' : 'ClusterIP',
    create,
    dualStack: create && !adopt && chance(random, 0.25),
    adopt,
    deletionPolicy: chance(random, 0.3) ? 'Orphan' : 'Delete',
  };
}

/** More than fit into one slice. */
function generateCrowd(at: number, random: Random): SourceSpec[] {
  return Array.from({ length: MANY + between(random, 1, 130) }, (_, host) => ({
    address: `10.21.${at}.${host + 1}`,
  }));
}

function generatePorts(random: Random): PortSpec[] {
  const first: PortSpec = {
    name: 'main',
    port: 5432,
    targetPort: pick(random, [5432, 6432]),
    protocol: 'TCP',
  };
  const { name: _, ...unnamed } = first;
  if (chance(random, 0.3)) return [unnamed];
  if (chance(random, 0.6)) return [first];
  const second: PortSpec = chance(random, 0.5)
    ? { name: 'admin', port: 9000, targetPort: 9000, protocol: 'TCP' }
    : { name: 'side', port: 514, targetPort: 514, protocol: 'UDP' };
  return [first, second];
}

function generateSources(
  at: number,
  random: Random,
  names: [string, NameContent][],
  ports: readonly PortSpec[],
): SourceSpec[] {
  const sources: SourceSpec[] = [];
  const listed = chance(random, 0.6) ? between(random, 1, 3) : 0;
  for (let host = 1; host <= listed; host++) sources.push({ address: `10.20.${at}.${host}` });
  if (listed === 0 || chance(random, 0.5)) {
    sources.push({ host: nameWith(`h${at}`, at, 100, random, names) });
    if (chance(random, 0.25)) sources.push({ host: nameWith(`i${at}`, at, 150, random, names) });
  }
  if (ports.length === 1 && chance(random, 0.15)) sources.push({ srv: serviceWith(at, random, names) });
  if (sources.length > 1 && chance(random, 0.08)) return sources.map(inTierOfItsOwn);
  const standby = sources.length > 1 && chance(random, 0.2) ? sources.length - 1 : -1;
  return sources.map((source, at) =>
    at === standby && !('srv' in source) ? { ...source, priority: 1 } : source,
  );
}

/** SRV records have priorities of their own. */
function inTierOfItsOwn(source: SourceSpec, at: number): SourceSpec {
  return 'srv' in source ? source : { ...source, priority: at };
}

function nameWith(
  label: string,
  at: number,
  from: number,
  random: Random,
  names: [string, NameContent][],
): string {
  const name = `${label}.sim.test`;
  const addresses = addressesFrom(at, from, between(random, 1, 4), random);
  const rotates = addresses.length > 2 && chance(random, 0.3);
  const content: NameContent = { is: 'addresses', addresses, ...(rotates ? { atATime: 2 } : {}) };
  if (!chance(random, 0.2)) {
    names.push([name, content]);
    return name;
  }
  names.push([`real.${name}`, content], [name, { is: 'alias', of: `real.${name}` }]);
  return name;
}

function addressesFrom(at: number, from: number, count: number, random: Random): string[] {
  const v4 = Array.from({ length: count }, (_, index) => `10.20.${at}.${from + index}`);
  return chance(random, 0.3) ? [...v4, `fd00:20:${at}::${from}`] : v4;
}

function serviceWith(at: number, random: Random, names: [string, NameContent][]): string {
  const service = `_db._tcp.s${at}.sim.test`;
  const members = Array.from({ length: between(random, 1, 3) }, (_, index) => {
    const host = `m${index}.s${at}.sim.test`;
    names.push([host, { is: 'addresses', addresses: [`10.20.${at}.${200 + index}`] }]);
    return { host, port: SERVICE_PORT, priority: 0, weight: 1 };
  });
  names.push([service, { is: 'service', members }]);
  return service;
}

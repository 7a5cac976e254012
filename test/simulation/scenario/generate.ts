import type { Random } from '../../../src/time/random.ts';
import { UNLISTED_PREFIX } from '../checks/published-state.ts';
import { between, chance, pick, streamOf } from '../world/streams.ts';
import { type Extent, extentOf } from './extent.ts';
import { incidentsFor } from './generate-incidents.ts';
import { generateTargets } from './generate-targets.ts';
import type { HandMade, Scenario } from './incident.ts';
import { DENIED_PREFIX, keyOfSpec, type ListGuards, type TargetSpec } from './target-spec.ts';

/** The scenario of one seed. */
export function scenarioOf(seed: number): Scenario {
  const random = streamOf(seed, 'scenario');
  const extent = extentOf(streamOf(seed, 'extent'));
  const { targets, names } = generateTargets(streamOf(seed, 'targets'), extent);
  const handMade = targets.flatMap((target) => handMadeFor(target, random));
  const workers = workersFor(random, extent);
  const mode = chance(streamOf(seed, 'mode'), 0.4) ? 'deployment' : 'cronJob';
  const disturbedMs = extent.disturbedMs[mode];
  return {
    seed,
    targets,
    guards: guardsFor(streamOf(seed, 'guards')),
    names,
    ttlSeconds: pick(random, extent.ttlSeconds),
    handMade,
    mode,
    replicas: between(random, 1, 3),
    ...(chance(streamOf(seed, 'list'), 0.4) ? { listIn: 'configMap' } : {}),
    workers,
    concurrency: pick(random, ['Allow', 'Forbid', 'Forbid', 'Replace']),
    previews: chance(random, 0.3),
    latencyMs: chance(random, 0.2) ? [20, 400] : [1, 20],
    incidents: incidentsFor(streamOf(seed, 'incidents'), { targets, names, mode, disturbedMs, extent }),
    disturbedMs,
    restMs: extent.restMs,
  };
}

function guardsFor(random: Random): ListGuards {
  const maxDrainPercent = pick(random, [50, 50, 50, 30, 80]);
  return chance(random, 0.7) ? { maxDrainPercent, deniedPrefix: DENIED_PREFIX } : { maxDrainPercent };
}

/** Usually one CronJob; sometimes a second one that a person forgot, on another machine. */
function workersFor(random: Random, { cronPeriodSeconds }: Extent): Scenario['workers'] {
  const periodMs = between(random, ...cronPeriodSeconds) * 1000;
  // By then the mirroring controller has copied the hand-kept Endpoints.
  const first = { machine: 0, periodMs, offsetMs: between(random, 500, 3_000) };
  return chance(random, 0.25)
    ? [first, { machine: 1, periodMs, offsetMs: between(random, 500, periodMs) }]
    : [first];
}

/** Hand-kept objects exist only for targets that adopt them or must skip them. */
function handMadeFor(target: TargetSpec, random: Random): HandMade[] {
  if (!target.adopt && target.create && !chance(random, 0.08)) return [];
  const listed = target.endpoints.flatMap((source) => ('address' in source ? [source.address] : []));
  const addresses = listed.length > 0 ? listed : [`${UNLISTED_PREFIX}${between(random, 1, 9)}`];
  const kind = target.create
    ? pick(random, ['endpoints', 'endpoints', 'externalName', 'endpointsAndSlice'] as const)
    : pick(random, ['service', 'endpoints', 'service'] as const);
  return [{ key: keyOfSpec(target), kind, ports: target.ports, addresses }];
}

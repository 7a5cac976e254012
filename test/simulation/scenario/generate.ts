import type { Random } from '../../../src/target/random.ts';
import { UNLISTED_PREFIX } from '../checks/published-state.ts';
import { between, chance, pick, streamOf } from '../world/streams.ts';
import { incidentsFor } from './generate-incidents.ts';
import { generateTargets } from './generate-targets.ts';
import type { HandMade, Scenario } from './incident.ts';
import { keyOfSpec, type TargetSpec } from './target-spec.ts';

/** Passes come every half minute; replicas never rest, and see as much in less time. */
const DISTURBED_MS = { cronJob: 600_000, deployment: 240_000 };

/** Everything that is to happen under one seed. */
export function scenarioOf(seed: number): Scenario {
  const random = streamOf(seed, 'scenario');
  const { targets, names } = generateTargets(streamOf(seed, 'targets'));
  const handMade = targets.flatMap((target) => handMadeFor(target, random));
  const workers = workersFor(random);
  const mode = chance(streamOf(seed, 'mode'), 0.4) ? 'deployment' : 'cronJob';
  const disturbedMs = DISTURBED_MS[mode];
  return {
    seed,
    targets,
    names,
    handMade,
    mode,
    replicas: between(random, 1, 3),
    workers,
    concurrency: pick(random, ['Allow', 'Forbid', 'Forbid', 'Replace']),
    latencyMs: chance(random, 0.2) ? [20, 400] : [1, 20],
    incidents: incidentsFor(streamOf(seed, 'incidents'), { targets, names, disturbedMs }),
    disturbedMs,
  };
}

/** One CronJob mostly; now and then a second one that somebody forgot, on another machine. */
function workersFor(random: Random): Scenario['workers'] {
  const periodMs = between(random, 20, 45) * 1000;
  const first = { machine: 0, periodMs, offsetMs: between(random, 0, 3_000) };
  return chance(random, 0.25)
    ? [first, { machine: 1, periodMs, offsetMs: between(random, 0, periodMs) }]
    : [first];
}

/** Only what is to be adopted, or is to be left alone, stands there beforehand. */
function handMadeFor(target: TargetSpec, random: Random): HandMade[] {
  if (!target.adopt && target.create && !chance(random, 0.08)) return [];
  const listed = target.endpoints.flatMap((source) => ('address' in source ? [source.address] : []));
  const addresses = listed.length > 0 ? listed : [`${UNLISTED_PREFIX}${between(random, 1, 9)}`];
  const kind = target.create
    ? pick(random, ['endpoints', 'endpoints', 'externalName', 'endpointsAndSlice'] as const)
    : pick(random, ['service', 'endpoints', 'service'] as const);
  return [{ key: keyOfSpec(target), kind, ports: target.ports, addresses }];
}

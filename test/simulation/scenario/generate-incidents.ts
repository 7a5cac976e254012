import type { Random } from '../../../src/target/random.ts';
import { API_FAULTS, type ApiFault } from '../world/api-faults.ts';
import type { DnsFault } from '../world/dns-reactions.ts';
import type { HostMode } from '../world/hosts.ts';
import type { NameContent } from '../world/names.ts';
import { between, chance, pick } from '../world/streams.ts';
import type { Happening, Incident, ListEdit, ObjectEdit } from './incident.ts';
import { DNS_SERVERS, keyOfSpec, type TargetSpec } from './target-spec.ts';

interface Ground {
  readonly targets: readonly TargetSpec[];
  readonly names: readonly (readonly [string, NameContent])[];
  readonly disturbedMs: number;
}

type Maker = (
  random: Random,
  ground: Ground,
) => { readonly what: Happening; readonly forMs?: number } | undefined;

/** The first pass shall find the world in order now and then. */
const EARLIEST_MS = 1_000;

/**
 * In the manner of swarm testing: each seed takes a part of the kinds of trouble only, so that rare ones are not
 * drowned by frequent ones and every pair of kinds meets alone somewhere.
 */
export function incidentsFor(random: Random, ground: Ground): Incident[] {
  const kinds = KINDS.filter(() => chance(random, 0.45));
  if (kinds.length === 0) return [];
  const count = chance(random, 0.7) ? between(random, 2, 16) : between(random, 16, 40);
  const incidents: Incident[] = [];
  for (let at = 0; at < count; at++) {
    const made = pick(random, kinds)(random, ground);
    const atMs = between(random, EARLIEST_MS, ground.disturbedMs - 60_000);
    if (made !== undefined) {
      incidents.push({ ...made.what, atMs, ...(made.forMs === undefined ? {} : { forMs: made.forMs }) });
    }
  }
  return incidents.sort((a, b) => a.atMs - b.atMs);
}

const HOST_MODES: readonly HostMode[] = ['refuse', 'blackhole', 'hang', 'reset', 'flap'];

const host: Maker = (random, { targets, names }) => {
  const addresses = [
    ...targets.flatMap(({ endpoints }) =>
      endpoints.flatMap((each) => ('address' in each ? [each.address] : [])),
    ),
    ...names.flatMap(([, content]) => (content.is === 'addresses' ? content.addresses : [])),
  ];
  if (addresses.length === 0) return undefined;
  const what = { do: 'host', address: pick(random, addresses), mode: pick(random, HOST_MODES) } as const;
  return chance(random, 0.7) ? { what, forMs: between(random, 5, 200) * 1000 } : { what };
};

const name: Maker = (random, { names }) => {
  const [found, before] = names.length === 0 ? [] : pick(random, names);
  if (found === undefined || before === undefined || before.is === 'service') return undefined;
  const what = { do: 'name', name: found, content: changedContent(before, random) } as const;
  return chance(random, 0.6) ? { what, forMs: between(random, 3, 150) * 1000 } : { what };
};

function changedContent(before: NameContent, random: Random): NameContent {
  const addresses = before.is === 'addresses' ? before.addresses : ['10.40.0.1'];
  const first = addresses[0] ?? '10.40.0.1';
  const choices: readonly NameContent[] = [
    { is: 'gone' },
    { is: 'empty' },
    { is: 'loop' },
    { is: 'addresses', addresses: [first] },
    { is: 'addresses', addresses: addresses.slice(1).length === 0 ? [first] : addresses.slice(1) },
    { is: 'addresses', addresses: [...addresses, `10.41.0.${between(random, 1, 9)}`] },
    { is: 'addresses', addresses: [`10.42.0.${between(random, 1, 9)}`] },
  ];
  return pick(random, choices);
}

const DNS_FAULTS: readonly DnsFault[] = [
  'lost',
  'late',
  'reordered',
  'duplicated',
  'truncated',
  'SERVFAIL',
  'REFUSED',
  'wrongId',
  'forged',
  'garbage',
  'foldsCase',
  'noTcp',
];

const dns: Maker = (random) => {
  const faults = DNS_FAULTS.filter(() => chance(random, 0.25)).map(
    (fault) => [fault, pick(random, [0.1, 0.5, 1])] as const,
  );
  const what = { do: 'dns', server: pick(random, DNS_SERVERS), faults } as const;
  return { what, forMs: between(random, 20, 250) * 1000 };
};

const silence: Maker = (random) => {
  const server = pick(random, DNS_SERVERS);
  return { what: { do: 'dns', server, faults: [['lost', 1]] }, forMs: between(random, 20, 250) * 1000 };
};

const api: Maker = (random) => {
  const faults = API_FAULTS.filter((fault) => fault !== 'staleRead' && chance(random, 0.3)).map(
    (fault): readonly [ApiFault, number] => [fault, pick(random, [0.02, 0.1, 0.3])],
  );
  return { what: { do: 'api', faults }, forMs: between(random, 20, 200) * 1000 };
};

const apiDown: Maker = (random) => ({
  what: {
    do: 'api',
    faults: [[pick(random, ['refusedConnection', 'error503', 'droppedBefore'] as const), 1]],
  },
  forMs: between(random, 10, 120) * 1000,
});

const cut: Maker = (random) => ({
  what: { do: 'cut', machine: between(random, 0, 1), from: pick(random, ['hosts', 'dns', 'api'] as const) },
  forMs: between(random, 5, 120) * 1000,
});

const clock: Maker = (random) => ({
  what: {
    do: 'clock',
    machine: between(random, 0, 1),
    byMs: pick(random, [-1, 1]) * pick(random, [500, 5_000, 90_000, 3_600_000, 86_400_000]),
  },
});

const pause: Maker = (random) => ({ what: { do: 'pause' }, forMs: between(random, 100, 40_000) });

const kill: Maker = (random) => ({
  what: {
    do: 'kill',
    write: between(random, 1, 8),
    when: pick(random, ['beforeWrite', 'duringWrite', 'afterWrite'] as const),
  },
});

const watchCut: Maker = (random) => ({ what: { do: 'watchCut', compacted: chance(random, 0.4) } });

const lease: Maker = (random) => ({
  what: { do: 'lease', edit: pick(random, ['delete', 'clear'] as const) },
});

const terminate: Maker = () => ({ what: { do: 'terminate' } });

const controllersDown: Maker = (random) => ({
  what: { do: 'controllersDown' },
  forMs: between(random, 5, 120) * 1000,
});

const list: Maker = (random, { targets, names }) => {
  const target = pick(random, targets);
  const key = keyOfSpec(target);
  const edit = pick<() => ListEdit>(random, [
    () => ({ to: 'broken' }),
    () => ({ to: 'empty' }),
    () => ({ to: 'nothing' }),
    () => ({ to: 'without', key }),
    () => ({ to: 'with', key, changes: changesOf(target, names, random) }),
    () => ({ to: 'with', key, changes: changesOf(target, names, random) }),
  ])();
  const passes = edit.to === 'broken' || edit.to === 'empty' || edit.to === 'nothing' || chance(random, 0.5);
  return { what: { do: 'list', edit }, ...(passes ? { forMs: between(random, 5, 120) * 1000 } : {}) };
};

function changesOf(target: TargetSpec, names: Ground['names'], random: Random): Partial<TargetSpec> {
  const [port] = target.ports;
  if (port === undefined) throw new Error('every target has a port');
  const others = target.ports.slice(1);
  return pick<() => Partial<TargetSpec>>(random, [
    () => ({ unhealthyThreshold: between(random, 1, 5), healthyThreshold: between(random, 1, 3) }),
    () => ({ ports: [{ ...port, name: 'renamed' }, ...others] }),
    () => ({ ports: [{ ...port, targetPort: port.targetPort === 5432 ? 6432 : 5432 }, ...others] }),
    () => ({ ports: [port] }),
    () => ({ endpoints: [...target.endpoints, { address: `10.50.0.${between(random, 1, 9)}` }] }),
    () => ({ endpoints: target.endpoints.length > 1 ? target.endpoints.slice(1) : target.endpoints }),
    () => ({ endpoints: withKnownName(target, names, random) }),
    () => ({ check: target.check === 'none' ? 'tcp' : 'none' }),
    () => ({ unhealthy: target.unhealthy === 'remove' ? 'notReady' : 'remove' }),
    () => ({
      resources: pick(random, [['EndpointSlice', 'Endpoints'], ['EndpointSlice'], ['Endpoints']] as const),
    }),
    () => ({ obsoleteSeconds: pick(random, [0, 10, 30]), notFoundSeconds: pick(random, [0, 30, 60]) }),
    () => ({ deletionPolicy: target.deletionPolicy === 'Orphan' ? 'Delete' : 'Orphan' }),
    () => ({ adopt: !target.adopt }),
  ])();
}

function withKnownName(target: TargetSpec, names: Ground['names'], random: Random): TargetSpec['endpoints'] {
  const hosts = names.filter(([, content]) => content.is === 'addresses').map(([each]) => each);
  if (hosts.length === 0) return target.endpoints;
  const added = { host: pick(random, hosts) };
  const known = target.endpoints.some((each) => 'host' in each && each.host === added.host);
  return known ? target.endpoints : [...target.endpoints, added];
}

const OBJECT_EDITS: readonly ObjectEdit[] = [
  'deleteSlices',
  'deleteEndpoints',
  'deleteService',
  'recreateService',
  'flipReady',
  'addBogusAddress',
  'stripLabel',
  'addSelector',
  'addForeignSlice',
  'corruptState',
  'deleteState',
];

const object: Maker = (random, { targets }) => {
  const edit = pick(random, OBJECT_EDITS);
  const what = { do: 'object', key: keyOfSpec(pick(random, targets)), edit } as const;
  // People do not leave a selector or a slice of their own behind for ever, or nothing would be left to compare.
  const passes = edit === 'addSelector' || edit === 'addForeignSlice';
  return passes ? { what, forMs: between(random, 10, 150) * 1000 } : { what };
};

const KINDS: readonly Maker[] = [
  host,
  host,
  name,
  dns,
  silence,
  api,
  apiDown,
  cut,
  clock,
  pause,
  kill,
  kill,
  terminate,
  watchCut,
  lease,
  controllersDown,
  list,
  object,
];

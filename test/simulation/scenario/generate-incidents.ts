import type { Random } from '../../../src/time/random.ts';
import { API_FAULTS, type ApiFault } from '../world/api-faults.ts';
import type { DnsFault } from '../world/dns-reactions.ts';
import type { HostMode } from '../world/hosts.ts';
import type { NameContent } from '../world/names.ts';
import { between, chance, pick } from '../world/streams.ts';
import type { Extent } from './extent.ts';
import type { Happening, Incident, ListEdit, ObjectEdit, Scenario } from './incident.ts';
import { DENIED_PREFIX, DNS_SERVERS, keyOfSpec, MANY, type TargetSpec } from './target-spec.ts';

interface Ground {
  readonly targets: readonly TargetSpec[];
  readonly names: readonly (readonly [string, NameContent])[];
  readonly mode: Scenario['mode'];
  readonly disturbedMs: number;
  readonly extent: Extent;
}

type Maker = (
  random: Random,
  ground: Ground,
) => { readonly what: Happening; readonly forMs?: number } | undefined;

/** Sometimes the first pass runs before any incident. */
const EARLIEST_MS = 1_000;

/**
 * Swarm testing: each seed uses only some kinds of incidents, so that frequent kinds do not hide rare ones, and each pair
 * of kinds occurs without the others in some seed.
 */
export function incidentsFor(random: Random, ground: Ground): Incident[] {
  const kinds = KINDS.filter(() => chance(random, 0.45));
  const incidents: Incident[] = chance(random, 0.25) ? slowAtFirst(random, ground) : [];
  if (kinds.length === 0) return incidents;
  const count = between(random, ...ground.extent.incidents);
  for (let at = 0; at < count; at++) {
    const made = pick(random, kinds)(random, ground);
    const atMs = between(random, EARLIEST_MS, Math.floor(ground.disturbedMs * 0.9));
    if (made !== undefined) {
      incidents.push({ ...made.what, atMs, ...(made.forMs === undefined ? {} : { forMs: made.forMs }) });
    }
  }
  return incidents.sort((a, b) => a.atMs - b.atMs);
}

/** A host accepts and never answers from the beginning, while other hosts are new and healthy. */
function slowAtFirst(random: Random, ground: Ground): Incident[] {
  const made = host(random, ground);
  if (made?.what.do !== 'host') return [];
  return [{ ...made.what, mode: pick(random, ['blackhole', 'hang']), atMs: 0 }];
}

/** Milliseconds between two numbers of seconds, scaled down for short scenarios. */
function forSome(random: Random, { pace }: Extent, low: number, high: number): number {
  return Math.max(500, Math.round(between(random, low, high) * 1000 * pace));
}

const HOST_MODES: readonly HostMode[] = ['refuse', 'blackhole', 'hang', 'reset', 'flap'];

const host: Maker = (random, { targets, names, extent }) => {
  const addresses = [
    ...targets.flatMap(({ endpoints }) =>
      endpoints.flatMap((each) => ('address' in each ? [each.address] : [])),
    ),
    ...names.flatMap(([, content]) => (content.is === 'addresses' ? content.addresses : [])),
  ];
  if (addresses.length === 0) return undefined;
  const what = { do: 'host', address: pick(random, addresses), mode: pick(random, HOST_MODES) } as const;
  return chance(random, 0.7) ? { what, forMs: forSome(random, extent, 5, 200) } : { what };
};

const name: Maker = (random, { names, extent }) => {
  const [found, before] = names.length === 0 ? [] : pick(random, names);
  if (found === undefined || before === undefined || before.is === 'service') return undefined;
  const what = { do: 'name', name: found, content: changedContent(before, random) } as const;
  return chance(random, 0.6) ? { what, forMs: forSome(random, extent, 3, 150) } : { what };
};

/** Addresses that the API rejects, and addresses of the cluster itself. */
const UNUSABLE_ADDRESSES = [
  '127.0.0.7',
  '169.254.1.1',
  '0.0.0.0',
  '::1',
  'fe80::7',
  '10.96.0.99',
  '224.0.0.9',
];

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
    { is: 'addresses', addresses: [`${DENIED_PREFIX}0.${between(random, 1, 9)}`] },
    { is: 'addresses', addresses: [...addresses, `${DENIED_PREFIX}0.${between(random, 1, 9)}`] },
    { is: 'addresses', addresses: [...addresses, pick(random, UNUSABLE_ADDRESSES)] },
    { is: 'addresses', addresses: [pick(random, UNUSABLE_ADDRESSES)] },
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

const dns: Maker = (random, { extent }) => {
  const faults = DNS_FAULTS.filter(() => chance(random, 0.25)).map(
    (fault) => [fault, pick(random, [0.1, 0.5, 1])] as const,
  );
  const what = { do: 'dns', server: pick(random, DNS_SERVERS), faults } as const;
  return { what, forMs: forSome(random, extent, 20, 250) };
};

const silence: Maker = (random, { extent }) => {
  const server = pick(random, DNS_SERVERS);
  return { what: { do: 'dns', server, faults: [['lost', 1]] }, forMs: forSome(random, extent, 20, 250) };
};

const api: Maker = (random, { mode, extent }) => {
  const drawn = API_FAULTS.filter(() => chance(random, 0.3));
  // `run` keeps what it read until something changes or `--resync`: it relies on the API's promise of current reads.
  const fitting = drawn.filter((fault) => fault !== 'staleRead' || mode === 'cronJob');
  const faults = fitting.map((fault): readonly [ApiFault, number] => [fault, pick(random, [0.02, 0.1, 0.3])]);
  return { what: { do: 'api', faults }, forMs: forSome(random, extent, 20, 200) };
};

const apiDown: Maker = (random, { extent }) => ({
  what: {
    do: 'api',
    faults: [[pick(random, ['refusedConnection', 'error503', 'droppedBefore'] as const), 1]],
  },
  forMs: forSome(random, extent, 10, 120),
});

/** Lost connectivity to hosts does the most harm. */
const CUT_FROM = ['hosts', 'hosts', 'dns', 'api'] as const;

const cut: Maker = (random, { extent }) => ({
  what: { do: 'cut', machine: chance(random, 0.7) ? 0 : 1, from: pick(random, CUT_FROM) },
  forMs: forSome(random, extent, 10, 200),
});

const clock: Maker = (random) => ({
  what: {
    do: 'clock',
    machine: between(random, 0, 1),
    byMs: pick(random, [-1, 1]) * pick(random, [500, 5_000, 90_000, 3_600_000, 86_400_000]),
  },
});

const drift: Maker = (random, { extent }) => ({
  what: {
    do: 'drift',
    machine: between(random, 0, 1),
    ppm: pick(random, [-1, 1]) * pick(random, [200, 5_000, 50_000]),
  },
  forMs: forSome(random, extent, 60, 400),
});

const pause: Maker = (random, { extent }) => ({
  what: { do: 'pause' },
  forMs: chance(random, 0.5) ? between(random, 100, 3_000) : forSome(random, extent, 3, 40),
});

const kill: Maker = (random) => ({
  what: {
    do: 'kill',
    write: between(random, 1, 8),
    when: pick(random, ['beforeWrite', 'duringWrite', 'afterWrite'] as const),
  },
});

const watchCut: Maker = (random) => ({ what: { do: 'watchCut', compacted: chance(random, 0.4) } });

/** A pass reads everything again and watches nothing. */
const watchLag: Maker = (random, { mode, extent }) => {
  if (mode === 'cronJob') return undefined;
  const byMs = pick(random, [400, 3_000, 20_000, 90_000]);
  return {
    what: { do: 'watchLag', replica: between(random, 0, 1), byMs },
    forMs: forSome(random, extent, 10, 150),
  };
};

const lease: Maker = (random) => ({
  what: { do: 'lease', edit: pick(random, ['delete', 'clear'] as const) },
});

const terminate: Maker = () => ({ what: { do: 'terminate' } });

const controllersDown: Maker = (random, { extent }) => ({
  what: { do: 'controllersDown' },
  forMs: forSome(random, extent, 5, 120),
});

const list: Maker = (random, { targets, names, extent }) => {
  const target = pick(random, targets);
  const key = keyOfSpec(target);
  const edit = pick<() => ListEdit>(random, [
    () => ({ to: 'broken' }),
    () => ({ to: 'empty' }),
    () => ({ to: 'nothing' }),
    () => ({ to: 'without', key }),
    () => ({ to: 'with', key, changes: changesOf(target, { names, extent }, random) }),
    () => ({ to: 'with', key, changes: changesOf(target, { names, extent }, random) }),
  ])();
  const passes = edit.to === 'broken' || edit.to === 'empty' || edit.to === 'nothing' || chance(random, 0.5);
  return { what: { do: 'list', edit }, ...(passes ? { forMs: forSome(random, extent, 5, 120) } : {}) };
};

function changesOf(
  target: TargetSpec,
  { names, extent }: Pick<Ground, 'names' | 'extent'>,
  random: Random,
): Partial<TargetSpec> {
  if (target.endpoints.length > MANY && chance(random, 0.7)) return { endpoints: otherMany(target, random) };
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
    () => ({
      obsoleteSeconds: pick(random, extent.obsoleteSeconds),
      notFoundSeconds: pick(random, extent.notFoundSeconds),
    }),
    () => ({ deletionPolicy: target.deletionPolicy === 'Orphan' ? 'Delete' : 'Orphan' }),
    () => ({ adopt: !target.adopt }),
  ])();
}

/** Many addresses come or go at once, so that slices are filled, emptied and packed again. */
function otherMany({ endpoints }: TargetSpec, random: Random): TargetSpec['endpoints'] {
  const added = Array.from({ length: between(random, 1, 60) }, (_, at) => ({ address: `10.22.0.${at + 1}` }));
  return pick<() => TargetSpec['endpoints']>(random, [
    () => [...endpoints, ...added],
    () => endpoints.slice(between(random, 1, 60)),
    () => endpoints.filter((_, at) => at % 3 !== 0),
    () => [...added, ...endpoints.slice(40)],
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
  'replaceService',
  'makeExternalName',
  'flipReady',
  'addBogusAddress',
  'stripLabel',
  'addSelector',
  'addForeignSlice',
  'deleteNamespace',
  'corruptState',
  'deleteState',
];

/** People undo these edits in the end; otherwise nothing would be left to compare. */
const TAKEN_BACK: ReadonlySet<ObjectEdit> = new Set([
  'addSelector',
  'addForeignSlice',
  'makeExternalName',
  'deleteNamespace',
]);

const object: Maker = (random, { targets, extent }) => {
  const edit = pick(random, OBJECT_EDITS);
  const what = { do: 'object', key: keyOfSpec(pick(random, targets)), edit } as const;
  return TAKEN_BACK.has(edit) ? { what, forMs: forSome(random, extent, 10, 150) } : { what };
};

const release: Maker = (random, { targets }) => {
  const dies = {
    write: between(random, 1, 5),
    when: pick(random, ['beforeWrite', 'duringWrite', 'afterWrite'] as const),
  };
  return {
    what: {
      do: 'release',
      key: keyOfSpec(pick(random, targets)),
      machine: between(random, 0, 1),
      toPods: chance(random, 0.25),
      list: pick(random, ['lostBefore', 'lostAfter', 'keeps'] as const),
      ...(chance(random, 0.4) ? { dies } : {}),
      again: chance(random, 0.5),
    },
  };
};

const KINDS: readonly Maker[] = [
  host,
  host,
  name,
  name,
  dns,
  silence,
  api,
  apiDown,
  cut,
  cut,
  clock,
  drift,
  pause,
  kill,
  kill,
  terminate,
  watchCut,
  watchLag,
  lease,
  controllersDown,
  list,
  object,
  object,
  release,
];

import { describe, expect, it } from 'vitest';
import type { DecideInput } from '../../../src/decide/decide.ts';
import type { TargetSnapshot } from '../../../src/decide/resolve-addresses.ts';
import type { NameResolution } from '../../../src/dns/resolution.ts';
import { NO_ROTATION } from '../../../src/endpoint/rotation.ts';
import { type AddressToCheck, checksOf } from '../../../src/health/check.ts';
import type { CheckId, Health } from '../../../src/health/health.ts';
import type {
  EndpointSliceObject,
  EndpointsObject,
  KubeObject,
  ServiceObject,
} from '../../../src/manifest/kube-object.ts';
import { DEFAULT_GUARDS } from '../../../src/model/guards.ts';
import type { Target } from '../../../src/model/target.ts';
import { type ExistingObjects, NOTHING_EXISTS } from '../../../src/plan/existing-objects.ts';
import { ip } from '../../support/addresses.ts';
import { healthOf, readinessOf } from '../../support/assessments.ts';
import { decideNow, NO_CLUSTER } from '../../support/decide-now.ts';
import { listOf, targetOf } from '../../support/targets.ts';

const NOW = { wallMs: Date.UTC(2026, 0, 1), monotonicMs: 1_000_000 };
/** Another host was found healthy just now. */
const SIGHTED = {
  ...NO_CLUSTER,
  lastSuccessfulProbeMs: NOW.monotonicMs,
  otherHostSeenMs: () => NOW.monotonicMs + 1,
};

const OPTIONS = {
  instance: 'default',
  adopt: false,
  policy: 'sync',
  allowMassDelete: false,
  acceptDrain: false,
  pruneLists: [],
} as const;

function moment(target: Target, changes: Partial<TargetSnapshot> = {}): TargetSnapshot {
  return { target, existing: NOTHING_EXISTS, memory: new Map(), answers: new Map(), ...changes };
}

function input(targets: readonly TargetSnapshot[], changes: Partial<DecideInput> = {}): DecideInput {
  return {
    targets,
    removals: [],
    tallies: new Map(),
    givenLists: new Set(),
    healthOf: () => healthOf('healthy'),
    guards: DEFAULT_GUARDS,
    options: OPTIONS,
    hasNoStateStore: false,
    clusterWide: NO_CLUSTER,
    everythingObserved: true,
    everythingRead: true,
    ...changes,
  };
}

/** An answer of these IPv4 addresses, or none for that reason. */
function answered(...addresses: readonly string[]): NameResolution {
  const answers = addresses.map((address) => ({ address: ip(address) }));
  return {
    IPv4: { outcome: 'resolved', answers, ttlSeconds: 60 },
    IPv6: { outcome: 'noData', reason: 'NoData', message: '', ttlSeconds: 60 },
  };
}

const FAILED = { outcome: 'unresolved', reason: 'ServerFailure', message: 'answers SERVFAIL' } as const;

const answers = (resolution: NameResolution, agoMs = 0) =>
  new Map([['host db.example', { resolution, answeredAtMs: bothAt(NOW.monotonicMs - agoMs) }]]);

const bothAt = (atMs: number) => ({ IPv4: atMs, IPv6: atMs });

/** Our Service and slice as they stand when these addresses are served on port 1. */
function serving(...addresses: readonly string[]): ExistingObjects {
  const labels = {
    'app.kubernetes.io/managed-by': 'external-endpoints',
    'external-endpoints/instance': 'default',
  };
  const service: ServiceObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'db', namespace: 'shop', uid: 'u', resourceVersion: '1', labels },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.9',
      ipFamilies: ['IPv4'],
      ports: [{ port: 1, targetPort: 1 }],
    },
  };
  const slice: EndpointSliceObject = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
    metadata: {
      name: 'db-ipv4-0',
      namespace: 'shop',
      uid: 's',
      resourceVersion: '2',
      labels: {
        ...labels,
        'endpointslice.kubernetes.io/managed-by': 'external-endpoints',
        'kubernetes.io/service-name': 'db',
      },
    },
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ port: 1, protocol: 'TCP' }],
  };
  return { service, slices: [slice] };
}

const ADDRESSES = targetOf('ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }, { address: 10.0.0.2 }]');
const NAMED = targetOf('ports: [{ port: 1 }], endpoints: [{ host: db.example }]');

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const each of value instanceof Map ? value.values() : Object.values(value)) frozen(each);
  return Object.freeze(value);
}

describe('a decision', () => {
  it('is the same for the same input, and changes none of it', () => {
    const given = frozen(
      input([moment(ADDRESSES), moment(NAMED, { answers: answers(answered('10.0.0.3')) })]),
    );
    expect(decideNow(given, NOW)).toEqual(decideNow(given, NOW));
  });

  it('about one target does not depend on the others, nor on their order', () => {
    const moments = listOf(
      ['a', 'b', 'c']
        .map(
          (name, at) =>
            `  - { name: ${name}, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.${at + 1} }] }`,
        )
        .join('\n'),
    ).targets.map((target) => moment(target));
    const isHealthy = () => healthOf('healthy');
    const decided = (some: readonly TargetSnapshot[]) =>
      decideNow(input(some, { healthOf: isHealthy }), NOW).targets;
    const alone = moments.flatMap((each) => decided([each]));
    expect(decided(moments)).toEqual(alone);
    expect(decided(moments.toReversed())).toEqual(alone.toReversed());
  });

  it('for a new target makes its Service first, and publishes what is healthy', () => {
    const decision = decideNow(input([moment(ADDRESSES)]), NOW);
    expect(decision.targets[0]?.plan.actions.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual([
      'create Service',
      'create EndpointSlice',
      'create Endpoints',
    ]);
    expect(readinessOf(decision.targets[0]?.assessments ?? [])).toEqual([
      '10.0.0.1 ready Connected',
      '10.0.0.2 ready Connected',
    ]);
  });

  it('knows when time alone will change something', () => {
    const held = decideNow(
      input([moment(NAMED, { answers: answers(answered('10.0.0.1', '10.0.0.2')) })]),
      NOW,
    );
    expect(held.nextWakeAtMs).toBe(Number.POSITIVE_INFINITY);
    const memory = held.targets[0]?.memory ?? new Map();
    const later = { wallMs: NOW.wallMs + 60_000, monotonicMs: NOW.monotonicMs + 60_000 };
    const left = moment(NAMED, { memory, answers: answers(answered('10.0.0.1'), -60_000) });
    const decision = decideNow(input([moment(ADDRESSES), left]), later);
    expect(decision.nextWakeAtMs).toBe(later.monotonicMs + 30_000);
    expect(decision.targets[1]?.assessments.map(({ address, held: why }) => [address, why?.reason])).toEqual([
      ['10.0.0.1', undefined],
      ['10.0.0.2', 'AddressLeftAnswer'],
    ]);
  });
});

describe('an address that has left the answer and is found unhealthy', () => {
  const decidedWith = (lastSuccessfulProbeMs: number) => {
    const before = decideNow(input([moment(NAMED, { answers: answers(answered('10.0.0.1')) })]), NOW);
    const { memory } = before.targets[0] ?? {};
    const later = { wallMs: NOW.wallMs + 60_000, monotonicMs: NOW.monotonicMs + 60_000 };
    const left = moment(NAMED, { memory, answers: answers(answered('10.0.0.2'), -60_000) });
    const dead = healthOf('unhealthy', { sinceMs: NOW.monotonicMs + 30_000 });
    const clusterWide = { ...NO_CLUSTER, lastSuccessfulProbeMs };
    const [decision] = decideNow(input([left], { healthOf: () => dead, clusterWide }), later).targets;
    return decision?.assessments.map(({ address }) => address);
  };

  it('goes at once when this worker has found anything healthy since', () => {
    expect(decidedWith(NOW.monotonicMs + 31_000)).toEqual(['10.0.0.2']);
  });

  it('stays for its hold when this worker may have no connectivity', () => {
    expect(decidedWith(NOW.monotonicMs + 29_000)).toEqual(['10.0.0.2', '10.0.0.1']);
  });
});

describe('an address of a family that the Service does not have', () => {
  const tiers = targetOf(
    'ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }, { address: "fd00::1" }, { address: 10.0.0.2, priority: 1 }]',
  );
  const isDown = (id: CheckId) => id.startsWith('10.0.0.1:');
  const decided = (existing: ExistingObjects) =>
    readinessOf(
      decideNow(
        input([moment(tiers, { existing })], {
          healthOf: (id) => healthOf(isDown(id) ? 'unhealthy' : 'healthy'),
        }),
        NOW,
      ).targets[0]?.assessments ?? [],
    );

  it('makes no standby wait, healthy as it may be', () => {
    expect(decided(serving('10.0.0.1'))).toEqual([
      '10.0.0.1 not ready ConnectionRefused',
      '10.0.0.2 ready Connected',
      'fd00::1 not ready FamilyNotServed',
    ]);
  });

  it('makes none wait either where the Service is yet to come, and the cluster does not tell', () => {
    const given = input([moment(tiers)], {
      healthOf: (id) => healthOf(isDown(id) ? 'unhealthy' : 'healthy'),
      guards: { ...DEFAULT_GUARDS, serviceCidrs: [] },
    });
    const [decision] = decideNow(given, NOW).targets;
    expect(readinessOf(decision?.assessments ?? [])).toContain('10.0.0.2 ready Connected');
  });

  it('ends no hold', () => {
    const given = moment(NAMED, {
      existing: serving('10.0.0.7'),
      memory: undefined,
      answers: new Map([
        [
          'host db.example',
          { resolution: answered('fd00::7'), answeredAtMs: bothAt(NOW.monotonicMs - 90_000) },
        ],
      ]),
    });
    const later = { ...NOW, monotonicMs: NOW.monotonicMs + 90_000 };
    const [first] = decideNow(input([given]), NOW).targets;
    const again = decideNow(input([{ ...given, memory: first?.memory }]), later).targets[0];
    expect(readinessOf(again?.assessments ?? [])).toContain('10.0.0.7 ready Connected');
  });
});

describe('the share that maxDrain lets go', () => {
  const down = (address: string) => targetOf(`ports: [{ port: 1 }], endpoints: [{ address: ${address} }]`);
  const reasons = (...others: readonly TargetSnapshot[]) => {
    const failing = ['10.0.0.1', '10.0.0.2'].map((address) =>
      moment({ ...down(address), name: `db-${address}` }, { existing: serving(address) }),
    );
    const isDown = (id: CheckId) => failing.some(({ target }) => id.startsWith(target.name.slice(3)));
    const given = input([...failing, ...others], {
      healthOf: (id) => healthOf(isDown(id) ? 'unhealthy' : 'healthy'),
      clusterWide: SIGHTED,
    });
    const { targets } = decideNow(given, NOW);
    return targets.slice(0, 2).map(({ assessments }) => readinessOf(assessments)[0]);
  };
  const well = { ...down('10.0.0.3'), name: 'well' };

  it('is a share of the addresses that could be drained', () => {
    const others = serving('10.0.0.3', '10.0.0.4');
    const two = {
      ...targetOf('ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.3 }, { address: 10.0.0.4 }]'),
    };
    expect(reasons(moment({ ...two, name: 'well' }, { existing: others }))).toEqual([
      '10.0.0.1 not ready ConnectionRefused',
      '10.0.0.2 not ready ConnectionRefused',
    ]);
    // The others that stand there are not the target's own.
    expect(reasons(moment(well, { existing: others }))).toEqual([
      '10.0.0.1 ready VantageSuspect',
      '10.0.0.2 ready VantageSuspect',
    ]);
  });

  it('does not count what a selector selects', () => {
    const { service, slices } = serving('10.0.0.3', '10.0.0.4');
    if (service === undefined) throw new Error('there is a Service');
    const selecting = { ...service, spec: { ...service.spec, selector: { app: 'db' } } };
    const existing = { service: selecting, slices };
    const memory = new Map();
    expect(reasons(moment({ ...NAMED, name: 'pods' }, { existing, memory }))).toEqual([
      '10.0.0.1 ready VantageSuspect',
      '10.0.0.2 ready VantageSuspect',
    ]);
  });
});

describe('what others keep and the target may not take over', () => {
  it('is not drained, however unhealthy it is, and makes nobody suspect this worker', () => {
    const { service } = serving();
    if (service === undefined) throw new Error('there is a Service');
    const { labels: _ours, ...metadata } = service.metadata;
    const endpoints: EndpointsObject = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'db', namespace: 'shop', uid: 'e', resourceVersion: '3' },
      subsets: [{ addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }], ports: [{ port: 1 }] }],
    };
    const existing: ExistingObjects = { service: { ...service, metadata }, endpoints, slices: [] };
    const unhealthy = { healthOf: () => healthOf('unhealthy') };
    const refused = decideNow(input([moment(ADDRESSES, { existing })], unhealthy), NOW);
    expect(refused.targets[0]?.plan).toMatchObject({ phase: 'Refused', actions: [] });
    expect(refused).toMatchObject({ drainedAddresses: 0, guard: NO_CLUSTER.guard });
    const adopting = { ...ADDRESSES, adopt: true };
    expect(decideNow(input([moment(adopting, { existing })], unhealthy), NOW).drainedAddresses).toBe(2);
  });
});

describe('decide postpones', () => {
  const existing = serving('10.0.0.1', '10.0.0.2');
  const isDown = { healthOf: () => healthOf('unhealthy') };

  it('a target that would drain an address until everything was observed', () => {
    const given = [moment(ADDRESSES, { existing })];
    const early = decideNow(input(given, { ...isDown, everythingObserved: false }), NOW);
    expect(early.targets).toEqual([]);
    expect([...early.postponed.values()]).toEqual(['everythingObserved']);
    expect(early.guard.recent).toEqual([]);
    const late = decideNow(input(given, isDown), NOW);
    expect(late.postponed.size).toBe(0);
    expect(late.drainedAddresses).toBe(2);
  });

  it('no target that drains nothing', () => {
    const early = decideNow(
      input([moment(ADDRESSES)], { everythingObserved: false, everythingRead: false }),
      NOW,
    );
    expect(early.targets).toHaveLength(1);
    expect(early.postponed.size).toBe(0);
  });

  it.each([
    ['everything was observed', { everythingObserved: false }],
    ['everything was read', { everythingRead: false }],
  ])('a removal until %s', (_, changes) => {
    const removals = [{ namespace: 'shop', name: 'gone', existing: inList(existing), instance: 'default' }];
    const given = { removals, tallies: published(9) };
    const early = decideNow(input([], { ...given, ...changes }), NOW);
    expect(early.removals).toEqual([]);
    expect([...early.postponed]).toEqual([['shop/gone', 'everythingRead']]);
    expect(decideNow(input([], given), NOW).removals).toMatchObject([{ phase: 'Deleted' }]);
  });

  it('a release by nothing: somebody asked for it', () => {
    const removals = [{ namespace: 'shop', name: 'gone', existing, instance: 'default', release: {} }];
    const decided = decideNow(input([], { removals, everythingObserved: false, everythingRead: false }), NOW);
    expect(decided.removals).toMatchObject([{ phase: 'Orphaned', reason: 'Released' }]);
  });

  it('a new slice beside slices that were read more than a second ago', () => {
    const other = serving('10.0.0.9');
    const [slice] = other.slices;
    if (slice === undefined) throw new Error('something is served');
    const beside = {
      ...other,
      slices: [
        {
          ...slice,
          metadata: { ...slice.metadata, name: 'theirs', labels: { 'kubernetes.io/service-name': 'db' } },
        },
      ],
    };
    const target = { ...ADDRESSES, adopt: true };
    const readAt = (agoMs: number) =>
      decideNow(input([moment(target, { existing: beside, readAtMs: NOW.monotonicMs - agoMs })]), NOW);
    expect([...readAt(1_001).postponed.values()]).toEqual(['readAgain']);
    expect(readAt(1_000).postponed.size).toBe(0);
    expect(readAt(1_000).targets[0]?.plan.actions.map(({ verb, kind }) => `${verb} ${kind}`)).toContain(
      'create EndpointSlice',
    );
  });
});

describe('what the process before has published and not lived to save', () => {
  const existing = serving('10.0.0.1', '10.0.0.7');
  const family = { rotation: NO_ROTATION, departed: [], answeredAtMs: NOW.monotonicMs - 45_000 };
  const memory = new Map([
    [
      'host db.example',
      { IPv4: { ...family, addresses: [{ answer: { address: ip('10.0.0.1') }, missedAnswers: 0 }] } },
    ],
  ]);
  const inherited = { sources: ['host db.example'], recoversPublished: true };
  const readyAfter = (changes: Partial<TargetSnapshot>, resolution: NameResolution) => {
    // The answer is older than any hold: only what has happened since counts for what is met just now.
    const given = moment(NAMED, { existing, memory, answers: answers(resolution, 45_000), ...changes });
    return readinessOf(decideNow(input([given]), NOW).targets[0]?.assessments ?? []);
  };

  it('stays for its hold, as if it had left the answer just now', () => {
    expect(readyAfter(inherited, answered('10.0.0.1'))).toEqual([
      '10.0.0.1 ready Connected',
      '10.0.0.7 ready Connected',
    ]);
    expect(readyAfter(inherited, { IPv4: FAILED, IPv6: FAILED })).toHaveLength(2);
  });

  it('is drift where this process has decided before', () => {
    expect(readyAfter({}, answered('10.0.0.1'))).toEqual(['10.0.0.1 ready Connected']);
  });

  it('is not ours to keep where others have published it', () => {
    const [slice] = existing.slices;
    if (slice === undefined) throw new Error('something is served');
    const strange = { ...slice, metadata: { ...slice.metadata, name: 'theirs', labels: {} } };
    const changes = { ...inherited, existing: { ...serving('10.0.0.1'), slices: [strange] } };
    expect(readyAfter(changes, answered('10.0.0.1'))).toEqual(['10.0.0.1 ready Connected']);
  });
});

describe('a memory that was lost', () => {
  it('drains nothing: what is served counts as known, and leaves by its hold', () => {
    const existing = serving('10.0.0.7');
    const given = moment(NAMED, { existing, memory: undefined, answers: answers(answered('10.0.0.1')) });
    const [decision] = decideNow(input([given]), NOW).targets;
    expect(readinessOf(decision?.assessments ?? [])).toEqual([
      '10.0.0.1 ready Connected',
      '10.0.0.7 ready Connected',
    ]);
  });

  it('and that nothing can ever keep leaves an answer to be believed at once, and a failure to take nothing', () => {
    const existing = serving('10.0.0.7');
    const decidedFor = (resolution: NameResolution) => {
      const given = moment(NAMED, { existing, memory: undefined, answers: answers(resolution) });
      return readinessOf(
        decideNow(input([given], { hasNoStateStore: true }), NOW).targets[0]?.assessments ?? [],
      );
    };
    expect(decidedFor(answered('10.0.0.1'))).toEqual(['10.0.0.1 ready Connected']);
    expect(decidedFor({ IPv4: FAILED, IPv6: FAILED })).toEqual(['10.0.0.7 ready Connected']);
  });
});

describe('a name that is not answered', () => {
  it('is told, and its addresses stay', () => {
    const memory = decideNow(input([moment(NAMED, { answers: answers(answered('10.0.0.1'), 60_000) })]), NOW)
      .targets[0]?.memory;
    const given = moment(NAMED, { memory, answers: answers({ IPv4: FAILED, IPv6: FAILED }) });
    const [decision] = decideNow(input([given]), NOW).targets;
    expect(decision?.troubles).toEqual([
      { source: 'host db.example', reason: 'ServerFailure', message: 'answers SERVFAIL' },
    ]);
    expect(decision?.assessments).toMatchObject([
      { address: '10.0.0.1', held: { reason: 'ServerFailure', untilMs: Number.POSITIVE_INFINITY } },
    ]);
    expect(decision?.plan).toMatchObject({ phase: 'Published', reason: 'NameUnresolved' });
  });
});

/** The list published so many Services, and still names some of them. */
function published(count: number, goingBesides = 0): DecideInput['tallies'] {
  return new Map([['shop', { published: count, staying: 1, goingBesides, isPruned: false }]]);
}

function inList(existing: ExistingObjects): ExistingObjects {
  const bearsName = <O extends KubeObject>(object: O): O => ({
    ...object,
    metadata: { ...object.metadata, annotations: { 'external-endpoints/list': 'shop' } },
  });
  return { ...existing, slices: existing.slices.map(bearsName) };
}

describe('what left the list', () => {
  const removal = (name: string) => ({
    namespace: 'shop',
    name,
    existing: inList(serving('10.0.0.1')),
    instance: 'default',
  });

  it('is deleted within the guard, and above it not at all', () => {
    const removals = [removal('a'), removal('b')];
    const decided = (owned: number, allowMassDelete = false) =>
      decideNow(
        input([], { removals, tallies: published(owned), options: { ...OPTIONS, allowMassDelete } }),
        NOW,
      ).removals.map(({ phase, reason, actions }) => [phase, reason, actions.length > 0]);
    expect(decided(7)).toEqual(Array(2).fill(['Deleted', 'NotInList', true]));
    expect(decided(3)).toEqual(Array(2).fill(['Refused', 'MassDeletion', false]));
    expect(decided(3, true)).toEqual(Array(2).fill(['Deleted', 'NotInList', true]));
  });

  it('counts with what else goes by the same list, decided together or not', () => {
    const decided = (goingBesides: number) =>
      decideNow(input([], { removals: [removal('a')], tallies: published(7, goingBesides) }), NOW).removals;
    expect(decided(1)).toMatchObject([{ phase: 'Deleted' }]);
    expect(decided(2)).toMatchObject([
      {
        phase: 'Refused',
        message: expect.stringMatching(/^the list would delete 3 of the 7 Services.* allows 2 /),
      },
    ]);
  });

  it('stays under a policy that deletes nothing', () => {
    const options = { ...OPTIONS, policy: 'upsert-only' } as const;
    const { removals } = decideNow(
      input([], { removals: [removal('a')], tallies: published(9), options }),
      NOW,
    );
    expect(removals).toMatchObject([{ phase: 'Orphaned', reason: 'ExcludedByPolicy', actions: [] }]);
  });
});

describe('drains', () => {
  const targets = listOf(
    Array.from(
      { length: 6 },
      (_, at) =>
        `  - { name: t${at}, namespace: shop, ports: [{ port: 1 }], endpoints: [{ address: 10.0.1.${at + 1} }] }`,
    ).join('\n'),
  ).targets;
  const moments = targets.map((target, at) => moment(target, { existing: serving(`10.0.1.${at + 1}`) }));
  const down = (count: number) => {
    const at = (target: Target): AddressToCheck[] =>
      target.endpoints.flatMap((source) => (source.kind === 'address' ? [{ address: source.address }] : []));
    const verdicts = new Map<CheckId, Health>(
      targets.flatMap((target, index) =>
        checksOf(target, at(target)).map(
          ({ id }) => [id, healthOf(index < count ? 'unhealthy' : 'healthy')] as const,
        ),
      ),
    );
    return (id: CheckId) => verdicts.get(id);
  };

  it('of a few are carried out', () => {
    const clusterWide = SIGHTED;
    const decision = decideNow(input(moments, { healthOf: down(2), clusterWide }), NOW);
    expect(decision.targets.map(({ assessments }) => assessments[0]?.ports[0]?.ready)).toEqual([
      false,
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(decision.drainedAddresses).toBe(2);
  });

  it('of all at once are held back, unless somebody has looked', () => {
    const ready = (acceptDrain: boolean) =>
      decideNow(input(moments, { healthOf: down(6), options: { ...OPTIONS, acceptDrain } }), NOW).targets.map(
        ({ assessments }) => assessments[0]?.ports[0]?.ready,
      );
    expect(ready(false)).toEqual(Array(6).fill(true));
    expect(ready(true)).toEqual(Array(6).fill(false));
  });

  it('count what takes traffic: no address of a family that the Service does not have', () => {
    const names = ['a', 'b'];
    const list = listOf(
      names
        .map(
          (name, at) =>
            `  - { name: ${name}, namespace: shop, ports: [{ port: 1 }], endpoints: [{ address: 10.0.1.${at} }, { address: "2001:db8::${at}" }] }`,
        )
        .join('\n'),
    );
    const sixth = (address: string): EndpointSliceObject => {
      const [slice] = serving(address).slices as readonly [EndpointSliceObject];
      return { ...slice, addressType: 'IPv6', metadata: { ...slice.metadata, name: 'db-ipv6-0' } };
    };
    const both = list.targets.map((target, at) => {
      const existing = serving(`10.0.1.${at}`);
      return moment(target, {
        existing: { ...existing, slices: [...existing.slices, sixth(`2001:db8::${at}`)] },
      });
    });
    // Both IPv6 addresses and one of two IPv4 addresses: half of what is served.
    const isDown = (text: string) => text.includes('2001:db8::') || text.includes('10.0.1.0');
    const checks = new Map(
      list.targets.flatMap((target) =>
        checksOf(
          target,
          target.endpoints.flatMap((source) =>
            source.kind === 'address' ? [{ address: source.address }] : [],
          ),
        ).map(({ id, address }) => [id, healthOf(isDown(address) ? 'unhealthy' : 'healthy')] as const),
      ),
    );
    const clusterWide = SIGHTED;
    const decision = decideNow(input(both, { healthOf: (id) => checks.get(id), clusterWide }), NOW);
    expect(decision.drainedAddresses).toBe(1);
    expect(decision.targets.map(({ assessments }) => readinessOf(assessments)[0])).toEqual([
      '10.0.1.0 not ready ConnectionRefused',
      '10.0.1.1 ready Connected',
    ]);
  });
});

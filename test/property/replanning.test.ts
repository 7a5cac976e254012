import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredKind } from '../../src/cluster/object-store.ts';
import type { EndpointSliceObject } from '../../src/manifest/kube-object.ts';
import { GoldenInMemory } from '../support/golden-in-memory.ts';
import { onePass } from '../support/one-pass.ts';
import { OtherManager } from '../support/other-manager.ts';
import { listOf } from '../support/targets.ts';

/** Whole passes on the embedded API server, with its controllers. */

const NEVER = new AbortController().signal;
const SERVICE = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db', namespace: 'default' } };

const address = fc.nat(40).map((n) => (n % 4 === 3 ? `2001:db8::${n}` : `10.1.0.${n}`));

const wish = fc.record({
  addresses: fc.uniqueArray(address, { minLength: 1, maxLength: 12 }),
  down: fc.uniqueArray(address, { maxLength: 6 }),
  ports: fc.constantFrom(
    '[{ port: 5432 }]',
    '[{ name: pg, port: 5432 }]',
    '[{ name: pg, port: 15432, targetPort: 5432 }]',
    '[{ name: pg, port: 5432 }, { name: admin, port: 8080, protocol: UDP }]',
  ),
  resources: fc.constantFrom('[EndpointSlice, Endpoints]', '[EndpointSlice]', '[Endpoints]'),
  service: fc.constantFrom(
    '{}',
    '{ type: NodePort }',
    '{ ipFamilyPolicy: RequireDualStack }',
    '{ labels: { a: b } }',
    '{ ipFamilies: [IPv6], ipFamilyPolicy: PreferDualStack }',
    '{ ipFamilies: [IPv4], ipFamilyPolicy: RequireDualStack }',
    '{ ipFamilies: [IPv6] }',
    '{ type: Headless, ipFamilies: [IPv6] }',
    '{ type: Headless, ipFamilyPolicy: SingleStack }',
  ),
});

type Wish = typeof wish extends fc.Arbitrary<infer T> ? T : never;

/** Changes by another program in between. */
const meddling = fc.constantFrom('nothing', 'selector', 'noLabels', 'ports', 'noEndpoints', 'noSlices');

function listFor({ addresses, ports, resources, service }: Wish) {
  const endpoints = addresses.map((each) => `{ address: "${each}" }`).join(', ');
  const health =
    'healthCheck: { interval: 1s, fastInterval: 100ms, healthyThreshold: 1, unhealthyThreshold: 1 }';
  return listOf(
    `  - { name: db, namespace: default, ports: ${ports}, endpoints: [${endpoints}], publish: { resources: ${resources} }, service: ${service}, ${health} }`,
  );
}

function pass(place: GoldenInMemory, wanted: Wish) {
  const { clock, store } = place;
  const { down } = wanted;
  const options = { acceptDrain: true } as const;
  return place.finish(onePass({ list: listFor(wanted), store, clock, world: { down }, options }));
}

async function meddle(place: GoldenInMemory, what: string): Promise<void> {
  const other = new OtherManager(place.sender, 'other-program');
  const all = async (kind: StoredKind) => {
    const listed = await place.store.list(kind, { namespace: 'default' }, NEVER);
    return listed.ok ? listed.value.items.filter(({ metadata }) => metadata.name !== 'kubernetes') : [];
  };
  if (what === 'selector') {
    await other.merge(SERVICE, { spec: { selector: { app: 'db' } } });
    await place.rest();
    await other.merge(SERVICE, { spec: { selector: null } });
  } else if (what === 'noLabels') {
    for (const object of await all('Endpoints')) await other.merge(object, { metadata: { labels: null } });
  } else if (what === 'ports') {
    await other.merge(SERVICE, { spec: { ports: [{ name: 'theirs', port: 1 }] } });
  } else if (what === 'noEndpoints') {
    for (const object of await all('Endpoints')) await other.delete(object);
  } else if (what === 'noSlices') {
    for (const object of await all('EndpointSlice')) await other.delete(object);
  }
  await place.rest();
}

/** Objects without uid, resourceVersion and other values of the API server. */
async function contentOf(place: GoldenInMemory): Promise<string> {
  const kinds = ['Service', 'Endpoints', 'EndpointSlice'] as const;
  const lists = await Promise.all(
    kinds.map((kind) => place.store.list(kind, { namespace: 'default' }, NEVER)),
  );
  const objects = lists.flatMap((list) => (list.ok ? list.value.items : []));
  return JSON.stringify(
    objects.map((object) => {
      const { kind, metadata, endpoints, ports, subsets, spec } = object as EndpointSliceObject & {
        readonly subsets?: unknown;
        readonly spec?: { readonly ports?: unknown };
      };
      return { kind, labels: metadata.labels, endpoints, ports, subsets, service: spec?.ports };
    }),
  );
}

describe('a pass, for any objects and any target', () => {
  it('writes nothing after another pass of the same list', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { maxLength: 2 }), meddling, wish, async (history, meddled, last) => {
        const place = new GoldenInMemory(['10.96.0.0/16', 'fd00:10:96::/112']);
        for (const each of history) await pass(place, each);
        if (history.length > 0) await meddle(place, meddled);
        const { report } = await pass(place, last);
        const [target] = report.targets;
        await place.rest();
        const before = place.writes.length;
        const again = await pass(place, last);
        place.stop();
        expect({ writes: place.writes.slice(before), actions: again.report.targets[0]?.actions }).toEqual({
          writes: [],
          actions: [],
        });
        expect(again.report.targets[0]).toMatchObject({ phase: target?.phase, reason: target?.reason });
      }),
      { numRuns: 250 },
    );
  });

  it('writes the same objects for any order of the list', async () => {
    await fc.assert(
      fc.asyncProperty(wish, wish, fc.boolean(), async (first, second, reversed) => {
        const contents: string[] = [];
        for (const turn of [false, true]) {
          const place = new GoldenInMemory(['10.96.0.0/16', 'fd00:10:96::/112']);
          const turned = (each: Wish) => ({
            ...each,
            addresses: turn
              ? reversed
                ? each.addresses.toReversed()
                : each.addresses.toSorted()
              : each.addresses,
          });
          await pass(place, turned(first));
          await pass(place, turned(second));
          await place.rest();
          contents.push(await contentOf(place));
          place.stop();
        }
        expect(contents[1]).toBe(contents[0]);
      }),
      { numRuns: 80 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import { CliWorld } from '../support/cli-world.ts';
import { servingZones, silent } from '../support/dns-network.ts';
import { address, SERVER } from '../support/dns-resolver.ts';
import { LiveWorker } from '../support/live-worker.ts';

const NAME = 'db.example.test';

const LIST = `apiVersion: external-endpoints/v1
kind: TargetList
targets:
  - name: db
    ports: [{ port: 5432 }]
    endpoints: [{ host: ${NAME} }, { address: 10.0.0.9 }]
    dns: { servers: ["10.0.0.53"] }
    healthCheck: { interval: 2s, fastInterval: 100ms, healthyThreshold: 1, unhealthyThreshold: 1 }
`;

async function readyOnes({ client, clock }: CliWorld): Promise<string[]> {
  const reading = client.store.list('EndpointSlice', {}, new AbortController().signal);
  const slices = await clock.advanceUntil(reading);
  if (!slices.ok) throw new Error(slices.failure.message);
  const items = slices.value.items as readonly {
    readonly endpoints?: readonly { addresses: string[]; conditions: { ready: boolean } }[];
  }[];
  const endpoints = items.flatMap((slice) => slice.endpoints ?? []);
  return endpoints.flatMap(({ addresses, conditions }) => (conditions.ready ? addresses : [])).toSorted();
}

/** A worker publishes an address that its name has got, and ends without having been able to save that. */
async function diedUnsaved(): Promise<CliWorld> {
  const world = new CliWorld();
  const { zone, network } = world.dns;
  zone.set(NAME, [address('10.0.0.1', 5)]);
  network.set(SERVER, servingZones(zone));
  const before = LiveWorker.start(LIST, [], world);
  await world.clock.advance(20_000);
  world.client.fault = ({ method, path }) =>
    method === 'PATCH' && path.includes('/configmaps/') ? 'refused' : undefined;
  zone.set(NAME, [address('10.0.0.1', 5), address('10.0.0.2', 5)]);
  await world.clock.advance(20_000);
  await before.end();
  expect(before.reasons()).toContain('StateNotSaved');
  world.client.fault = () => undefined;
  expect(await readyOnes(world)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.9']);
  return world;
}

describe('run after a killed process published an address and did not save it', () => {
  it('keeps the address while the name cannot be resolved', async () => {
    const world = await diedUnsaved();
    world.dns.network.set(SERVER, silent);
    const after = LiveWorker.start(LIST, [], world);
    await world.clock.advance(60_000);
    expect(await readyOnes(world)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.9']);
    await after.end();
  });

  it('keeps the address for its hold when the name no longer has it', async () => {
    const world = await diedUnsaved();
    world.dns.zone.set(NAME, [address('10.0.0.1', 5)]);
    const after = LiveWorker.start(LIST, [], world);
    await world.clock.advance(20_000);
    expect(await readyOnes(world)).toContain('10.0.0.2');
    await world.clock.advance(30_000);
    expect(await readyOnes(world)).toEqual(['10.0.0.1', '10.0.0.9']);
    await after.end();
  });

  it('removes the address at once when it was listed and the list no longer has it', async () => {
    const world = await diedUnsaved();
    const after = LiveWorker.start(LIST.replace(', { address: 10.0.0.9 }', ''), [], world);
    await world.clock.advance(5_000);
    expect(await readyOnes(world)).toEqual(['10.0.0.1', '10.0.0.2']);
    await after.end();
  });
});

describe('run after an address was added to our slice', () => {
  const slicePath = { kind: 'EndpointSlice', namespace: 'default', name: 'db-ipv4-0' } as const;

  async function written({ byApply }: { readonly byApply: boolean }): Promise<string[]> {
    const world = new CliWorld();
    world.dns.zone.set(NAME, [address('10.0.0.1', 5)]);
    world.dns.network.set(SERVER, servingZones(world.dns.zone));
    const worker = LiveWorker.start(LIST, [], world);
    await world.clock.advance(20_000);
    const signal = new AbortController().signal;
    const read = await world.clock.advanceUntil(world.client.store.get(slicePath, signal));
    if (!read.ok) throw new Error(read.failure.message);
    const slice = read.value as unknown as { endpoints: object[]; metadata: object };
    const endpoints = [...slice.endpoints, { addresses: ['10.0.0.3'], conditions: { ready: true } }];
    const other = world.cluster.newClient();
    const at = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/db-ipv4-0';
    const whole = { ...read.value, metadata: { ...slice.metadata, managedFields: undefined }, endpoints };
    const request = byApply
      ? { path: `${at}?fieldManager=external-endpoints&force=true`, type: 'apply-patch+yaml', body: whole }
      : { path: `${at}?fieldManager=kubectl-edit`, type: 'merge-patch+json', body: { endpoints } };
    const sending = other.send(
      {
        method: 'PATCH',
        path: request.path,
        contentType: `application/${request.type}`,
        body: JSON.stringify(request.body),
      },
      signal,
    );
    expect(await world.clock.advanceUntil(sending)).toMatchObject({ ok: true });
    await world.clock.advance(5_000);
    const ready = await readyOnes(world);
    await worker.end();
    return ready;
  }

  it('removes the address when a person added it', async () => {
    expect(await written({ byApply: false })).toEqual(['10.0.0.1', '10.0.0.9']);
  });

  it('keeps the address for its hold when another worker of this instance added it: two may lead for a moment', async () => {
    expect(await written({ byApply: true })).toEqual(['10.0.0.1', '10.0.0.3', '10.0.0.9']);
  });
});

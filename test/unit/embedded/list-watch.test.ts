import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConnectionDropped } from '../../../src/embedded/apiserver/watch-stream.ts';
import { ApiClient, type Body, CONFIG_MAPS, SERVICES } from '../../support/api-client.ts';
import { settle } from '../../support/manual-clock.ts';

let client: ApiClient;

beforeEach(() => {
  client = new ApiClient();
});

afterEach(() => client.closing.abort());

const LIST_WATCH = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';

async function createMaps(count: number, label = 'x'): Promise<void> {
  for (let at = 0; at < count; at++) {
    await client.post(CONFIG_MAPS, {
      metadata: { name: `m${at}`, labels: { label } },
      data: { at: `${at}` },
    });
  }
}

function namesOf(list: Body): string[] {
  return list.items.map(({ metadata }) => metadata.name);
}

async function page(query: string): Promise<Body> {
  return (await client.get(`${CONFIG_MAPS}?${query}`)).body;
}

describe('a paged list', () => {
  it('is consistent, whatever changes between its pages', async () => {
    await createMaps(5);
    const first = await page('limit=2');
    expect(first.metadata.remainingItemCount).toBe(3);
    await client.delete(`${CONFIG_MAPS}/m3`);
    await client.patch('merge', `${CONFIG_MAPS}/m4`, { data: { at: 'new' } });
    await client.post(CONFIG_MAPS, { metadata: { name: 'm2a' } });
    const second = await page(`limit=2&continue=${first.metadata.continue}`);
    const third = await page(`limit=2&continue=${second.metadata.continue}`);
    expect([first, second, third].flatMap(namesOf)).toEqual(['m0', 'm1', 'm2', 'm3', 'm4']);
    expect(third.items[0]?.data).toEqual({ at: '4' });
    expect(third.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    expect(third.metadata.continue).toBeUndefined();
  });

  it('expires when its version is compacted, and may continue inconsistently', async () => {
    await createMaps(3);
    const first = await page('limit=2');
    await client.post(CONFIG_MAPS, { metadata: { name: 'm9' } });
    client.server.store.compact();
    const { status, body } = await client.get(`${CONFIG_MAPS}?limit=2&continue=${first.metadata.continue}`);
    expect(status).toBe(410);
    expect(body.reason).toBe('Expired');
    expect(namesOf(await page(`continue=${body.metadata.continue}`))).toEqual(['m2', 'm9']);
  });

  it('has no remaining count when a selector is given', async () => {
    await createMaps(3);
    const first = await page('limit=1&labelSelector=label');
    expect(first.metadata.continue).toBeDefined();
    expect(first.metadata.remainingItemCount).toBeUndefined();
  });

  it('is not paged when any version is acceptable', async () => {
    await createMaps(3);
    expect(namesOf(await page('limit=1&resourceVersion=0'))).toHaveLength(3);
  });
});

describe('a resourceVersion', () => {
  it('requested exactly is served until it is compacted', async () => {
    await createMaps(2);
    const { resourceVersion } = (await page('')).metadata;
    await client.delete(`${CONFIG_MAPS}/m0`);
    const exact = `resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`;
    expect(namesOf(await page(exact))).toEqual(['m0', 'm1']);
    client.server.store.compact();
    expect((await client.get(`${CONFIG_MAPS}?${exact}`)).status).toBe(410);
  });

  it('of the future is awaited for at most three seconds', async () => {
    await createMaps(1);
    const next = Number((await page('')).metadata.resourceVersion) + 1;
    const waiting = client.raw('GET', `${CONFIG_MAPS}?resourceVersion=${next}`, undefined, {});
    await client.post(CONFIG_MAPS, { metadata: { name: 'late' } });
    const answer = await client.clock.advanceUntil(waiting);
    expect(namesOf(JSON.parse(String(answer.kind === 'complete' && answer.body)))).toEqual(['late', 'm0']);
    const before = client.clock.monotonicNow();
    const tooLarge = await client.get(`${CONFIG_MAPS}?resourceVersion=99999`);
    expect(tooLarge.status).toBe(504);
    expect(tooLarge.headers['Retry-After']).toBe('1');
    expect(client.clock.monotonicNow() - before).toBe(3_000);
  });

  it('that is outdated is rejected by PUT; a missing one is accepted', async () => {
    await createMaps(1);
    const read = (await client.get(`${CONFIG_MAPS}/m0`)).body;
    await client.patch('merge', `${CONFIG_MAPS}/m0`, { data: { at: 'theirs' } });
    expect((await client.put(`${CONFIG_MAPS}/m0`, { ...read, data: { at: 'ours' } })).status).toBe(409);
    const unversioned = { metadata: { name: 'm0' }, data: { at: 'ours' } };
    expect((await client.put(`${CONFIG_MAPS}/m0`, unversioned)).body.data).toEqual({ at: 'ours' });
  });
});

describe('a watch', () => {
  it('from a version sends past changes, then new ones', async () => {
    const { resourceVersion } = (await page('')).metadata;
    await createMaps(1);
    const watched = await client.watch(`${CONFIG_MAPS}?watch=true&resourceVersion=${resourceVersion}`);
    await client.delete(`${CONFIG_MAPS}/m0`);
    await settle();
    expect(watched.events.map(({ type }) => type)).toEqual(['ADDED', 'DELETED']);
    const [added, deleted] = watched.events.map(({ object }) => Number(object.metadata.resourceVersion));
    expect(deleted).toBeGreaterThan(added ?? Number.POSITIVE_INFINITY);
  });

  it('sends ADDED and DELETED when an object starts and stops matching the selector', async () => {
    await createMaps(1, 'other');
    const watched = await client.watch(
      `${CONFIG_MAPS}?watch=1&resourceVersion=0&labelSelector=label%3Dwanted`,
    );
    const relabel = (label: string) =>
      client.patch('merge', `${CONFIG_MAPS}/m0`, { metadata: { labels: { label } } });
    await relabel('wanted');
    await client.patch('merge', `${CONFIG_MAPS}/m0`, { data: { at: '9' } });
    await relabel('other');
    await client.delete(`${CONFIG_MAPS}/m0`);
    await settle();
    expect(watched.events.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  it('behind the window ends with 410, and the window can be set', async () => {
    client = new ApiClient({ watchWindow: 5 });
    const { resourceVersion } = (await page('')).metadata;
    await createMaps(20);
    const watched = await client.watch(`${CONFIG_MAPS}?watch=true&resourceVersion=${resourceVersion}`);
    await watched.ended;
    expect(watched.events).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }]);
    expect(watched.events[0]?.object.message).toMatch(/^too old resource version: \d+ \(\d+\)$/);
  });

  it('with initial events sends a bookmark after them, and then every minute', async () => {
    await createMaps(2);
    const watched = await client.watch(`${CONFIG_MAPS}?watch=true&${LIST_WATCH}`);
    await client.clock.advance(125_000);
    expect(watched.events.map(({ type }) => type)).toEqual([
      'ADDED',
      'ADDED',
      'BOOKMARK',
      'BOOKMARK',
      'BOOKMARK',
    ]);
    const [, , end, later] = watched.events.map(({ object }) => object.metadata);
    expect(end?.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    expect(later?.annotations).toBeUndefined();
    expect(later?.resourceVersion).toBe(String(client.server.store.revision));
  });

  it('sends no bookmarks unless requested', async () => {
    const watched = await client.watch(`${CONFIG_MAPS}?watch=true`);
    await client.clock.advance(125_000);
    expect(watched.events).toEqual([]);
  });

  it('ends at its timeout, by default after 30 to 60 minutes', async () => {
    const short = await client.watch(`${CONFIG_MAPS}?watch=true&timeoutSeconds=5`);
    const long = await client.watch(`${CONFIG_MAPS}?watch=true`);
    await client.clock.advance(5_000);
    await short.ended;
    expect(client.server.watches.count).toBe(1);
    await client.clock.advance(1_794_000);
    expect(client.server.watches.count).toBe(1);
    await client.clock.advance(1_801_000);
    await long.ended;
    expect(client.server.watches.count).toBe(0);
    expect(client.clock.sleeping).toBe(0);
  });

  it('ends when the client disconnects', async () => {
    const watched = await client.watch(`${CONFIG_MAPS}?watch=true&allowWatchBookmarks=true`);
    client.closing.abort();
    await watched.ended;
    await settle();
    expect(client.server.watches.count).toBe(0);
    expect(client.clock.sleeping).toBe(0);
  });

  it('as a Table sends its columns once', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const watched = await client.watch(`${SERVICES}?watch=true`, { accept });
    await client.post(SERVICES, { metadata: { name: 'db' }, spec: { ports: [{ port: 5432 }] } });
    await settle();
    const [first, second] = watched.events.map(({ object }) => object);
    expect(first?.columnDefinitions?.map(({ name }) => name)).toContain('Cluster-IP');
    expect(second?.columnDefinitions).toBeNull();
    expect(second?.rows[0]?.cells.slice(0, 2)).toEqual(['db', 'ClusterIP']);
  });
});

describe('a watch that the server ends', () => {
  it('normally still delivers what was sent', async () => {
    const watched = await client.watch(`${CONFIG_MAPS}?watch=true`);
    await createMaps(2);
    client.server.watches.cutAll();
    await watched.ended;
    expect(watched.events).toHaveLength(2);
  });

  it('by a broken connection loses unread events', async () => {
    client.server.faults.inject({
      fault: { type: 'cutWatch', minMs: 10, maxMs: 10, how: 'drop' },
      verbs: ['watch'],
    });
    const watched = await client.watch(`${CONFIG_MAPS}?watch=true`);
    const dropped = expect(watched.ended).rejects.toThrow(ConnectionDropped);
    await client.clock.advance(10);
    await dropped;
    expect(client.server.watches.count).toBe(0);
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { type Answer, ApiClient, CONFIG_MAPS, SERVICES } from '../../support/api-client.ts';

/** Cases beyond the recordings. Every expectation was observed on kube-apiserver 1.36.2. */

let client: ApiClient;

beforeEach(() => {
  client = new ApiClient();
});

const SERVICE = `${SERVICES}/db`;
const MAP = `${CONFIG_MAPS}/m`;

function ports(...numbers: number[]): object {
  return { spec: { ports: numbers.map((port) => ({ port, name: `p${port}` })) } };
}

function portsOf(answer: Answer): unknown[] {
  return (answer.body.spec.ports as { port: number }[]).map(({ port }) => port);
}

function owners(answer: Answer): Record<string, unknown> {
  const entries = answer.body.metadata.managedFields ?? [];
  return Object.fromEntries(entries.map((entry) => [`${entry.manager} ${entry.operation}`, entry.fieldsV1]));
}

describe('lists with a key', () => {
  it('take the order of the configuration; other items keep their positions', async () => {
    await client.apply(SERVICE, 'a', ports(1, 2, 3));
    expect(portsOf(await client.apply(SERVICE, 'a', ports(3, 1, 2)))).toEqual([3, 1, 2]);
    expect(portsOf(await client.apply(SERVICE, 'b', ports(9)))).toEqual([3, 1, 2, 9]);
    expect(portsOf(await client.apply(SERVICE, 'a', ports(2, 3)))).toEqual([2, 9, 3]);
    expect(portsOf(await client.apply(SERVICE, 'a', ports(8, 2, 7, 3, 6)))).toEqual([8, 2, 9, 7, 3, 6]);
  });

  it('count a change of order as a change', async () => {
    const first = await client.apply(SERVICE, 'a', ports(1, 2));
    const second = await client.apply(SERVICE, 'a', ports(2, 1));
    expect(second.body.metadata.resourceVersion).not.toBe(first.body.metadata.resourceVersion);
  });

  it('keep an item as long as one manager applies it', async () => {
    await client.apply(SERVICE, 'a', ports(1, 2));
    await client.apply(SERVICE, 'b', ports(2, 3));
    expect(portsOf(await client.apply(SERVICE, 'a', ports(1)))).toEqual([1, 2, 3]);
    expect(portsOf(await client.apply(SERVICE, 'b', ports(3)))).toEqual([1, 3]);
  });
});

describe('ownership', () => {
  it('is shared when two managers apply the same value', async () => {
    await client.apply(MAP, 'a', { data: { k: '1' } });
    const shared = await client.apply(MAP, 'b', { data: { k: '1' } });
    expect(shared.body.metadata.managedFields).toMatchObject([{ manager: 'b' }, { manager: 'a' }]);
    expect(shared.body.metadata.managedFields?.[0]?.time).toBeUndefined();
    await client.apply(MAP, 'a', {});
    expect((await client.get(MAP)).body.data).toEqual({ k: '1' });
    expect((await client.apply(MAP, 'b', {})).body.data).toBeUndefined();
  });

  it('of the last key of a map, when it ends, removes the unowned keys too', async () => {
    await client.post(CONFIG_MAPS, { metadata: { name: 'm', labels: { l: '1' } }, data: { a: '1', b: '2' } });
    const fieldsV1 = { 'f:data': { 'f:a': {} } };
    const entry = { manager: 'a', operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1 };
    const patch = [{ op: 'add', path: '/metadata/managedFields', value: [entry] }];
    await client.patch('json', MAP, patch);
    const applied = await client.apply(MAP, 'a', {});
    expect(applied.body.data).toBeUndefined();
    expect(applied.body.metadata.labels).toEqual({ l: '1' });
  });

  it('of an empty applied map is of the map itself', async () => {
    await client.apply(MAP, 'a', { metadata: { labels: {} } });
    const refused = await client.apply(MAP, 'b', { metadata: { labels: { x: '1' } } });
    expect(refused.body.message).toBe('Apply failed with 1 conflict: conflict with "a": .metadata.labels');
  });

  it('of an empty set does not exist', async () => {
    const applied = await client.apply(MAP, 'a', { metadata: { finalizers: [] } });
    expect(applied.body.metadata.managedFields).toBeUndefined();
  });

  it('distinguishes updates by API version, and conflicts with them', async () => {
    await client.post(CONFIG_MAPS, { metadata: { name: 'm' }, data: { k: '1', l: '1' } });
    const refused = await client.apply(MAP, 'a', { data: { k: '2', l: '2' } });
    expect(refused.status).toBe(409);
    expect(refused.body.message).toBe(
      'Apply failed with 2 conflicts: conflicts with "unknown" using v1:\n- .data.k\n- .data.l',
    );
    const forced = await client.apply(MAP, 'a', { data: { k: '2' } }, '&force=true');
    expect(owners(forced)).toEqual({
      'a Apply': { 'f:data': { 'f:k': {} } },
      'unknown Update': { 'f:data': { '.': {}, 'f:l': {} } },
    });
  });

  it('moves to a manager that changes the field by an update', async () => {
    await client.apply(MAP, 'a', { data: { k: '1', l: '1' } });
    const patched = await client.patch('merge', `${MAP}?fieldManager=hand`, { data: { k: '2' } });
    expect(owners(patched)).toEqual({
      'a Apply': { 'f:data': { 'f:l': {} } },
      'hand Update': { 'f:data': { 'f:k': {} } },
    });
  });

  it('starts over with the existing fields when managedFields are reset', async () => {
    await client.apply(MAP, 'a', { data: { k: '1' } });
    const reset = await client.patch('merge', MAP, { metadata: { managedFields: [{}] } });
    expect(reset.body.metadata.managedFields).toBeUndefined();
    const untracked = await client.patch('merge', MAP, { data: { l: '1' } });
    expect(untracked.body.metadata.managedFields).toBeUndefined();
    const refused = await client.apply(MAP, 'b', { data: { k: '2' } });
    expect(refused.body.details.causes).toEqual([
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "before-first-apply" using v1',
        field: '.data.k',
      },
    ]);
  });

  it('of more than ten updaters is merged into one', async () => {
    await client.post(CONFIG_MAPS, { metadata: { name: 'm' }, data: { k: '1' } });
    for (let at = 0; at < 12; at++) {
      await client.clock.advance(1_000);
      await client.patch('merge', `${MAP}?fieldManager=m${at}`, { data: { [`k${at}`]: '1' } });
    }
    const entries = (await client.get(MAP)).body.metadata.managedFields ?? [];
    expect(entries).toHaveLength(10);
    expect(entries[0]).toMatchObject({
      manager: 'ancient-changes',
      fieldsV1: { 'f:data': { '.': {}, 'f:k': {}, 'f:k0': {}, 'f:k1': {}, 'f:k2': {} } },
    });
  });
});

describe('preconditions', () => {
  it('reject an outdated resourceVersion, but not one of a deleted object', async () => {
    await client.apply(MAP, 'a', { data: { k: '1' } });
    const stale = await client.apply(MAP, 'a', { metadata: { resourceVersion: '1' }, data: { k: '2' } });
    expect(stale.body.reason).toBe('Conflict');
    await client.delete(MAP);
    const again = await client.apply(MAP, 'a', { metadata: { resourceVersion: '1' }, data: { k: '2' } });
    expect(again.status).toBe(201);
  });

  it('reject the uid of another object, existing or deleted', async () => {
    await client.apply(MAP, 'a', {});
    const other = await client.apply(MAP, 'a', { metadata: { uid: 'x' } });
    expect(other.body.message).toBe(
      'ConfigMap "m" is invalid: metadata.uid: Invalid value: "x": field is immutable',
    );
    await client.delete(MAP);
    expect((await client.apply(MAP, 'a', { metadata: { uid: 'x' } })).status).toBe(409);
  });
});

describe('bodies', () => {
  it('may be YAML', async () => {
    const yaml =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: m }\ndata:\n  k: |\n    two\n    lines\n';
    const applied = await client.patch('apply', `${MAP}?fieldManager=a`, yaml);
    expect(applied.body.data).toEqual({ k: 'two\nlines\n' });
  });

  it('that do not match the schema get the message of structured-merge-diff', async () => {
    const refused = async (fields: object) => (await client.apply(SERVICE, 'a', fields)).body.message;
    const start = 'failed to create typed patch object (/db; /v1, Kind=Service): ';
    expect(await refused({ spec: { ports: [{ port: 1, foo: 1 }] } })).toBe(
      `${start}.spec.ports[port=1,protocol="TCP"].foo: field not declared in schema`,
    );
    expect(await refused({ spec: { ports: { a: 1 } } })).toBe(
      `${start}.spec.ports: expected list, got &{map[a:1]}`,
    );
    expect(await refused({ spec: { ports: [{ port: '1' }] } })).toBe(
      `${start}.spec.ports[port="1",protocol="TCP"].port: expected numeric (int or float), got string`,
    );
  });
});

describe('strategic merge patches', () => {
  it('merge lists by key, items of the patch first, and support the directives', async () => {
    await client.post(SERVICES, { metadata: { name: 'db' }, ...ports(80, 81, 82) });
    const patched = async (spec: object) => portsOf(await client.patch('strategic', SERVICE, { spec }));
    expect(await patched({ ports: [{ port: 83, name: 'n' }] })).toEqual([83, 80, 81, 82]);
    expect(await patched({ ports: [{ port: 81, $patch: 'delete' }] })).toEqual([83, 80, 82]);
    const order = [82, 80, 83].map((port) => ({ port }));
    expect(await patched({ '$setElementOrder/ports': order })).toEqual([82, 80, 83]);
    expect(await patched({ ports: [{ $patch: 'replace' }, { port: 90 }] })).toEqual([90]);
  });

  it('merge sets and remove single members', async () => {
    await client.post(CONFIG_MAPS, { metadata: { name: 'm', finalizers: ['a.example/x'] } });
    const added = await client.patch('strategic', MAP, { metadata: { finalizers: ['a.example/y'] } });
    expect(added.body.metadata.finalizers?.toSorted()).toEqual(['a.example/x', 'a.example/y']);
    const removed = await client.patch('strategic', MAP, {
      metadata: { '$deleteFromPrimitiveList/finalizers': ['a.example/x'] },
    });
    expect(removed.body.metadata.finalizers).toEqual(['a.example/y']);
  });
});

describe('a deletion with finalizers', () => {
  it('waits for the last finalizer, and accepts no new one', async () => {
    await client.post(CONFIG_MAPS, { metadata: { name: 'm', finalizers: ['a.example/x'] } });
    expect((await client.delete(MAP)).body.metadata.deletionTimestamp).toBeDefined();
    const more = await client.patch('merge', MAP, {
      metadata: { finalizers: ['a.example/x', 'a.example/y'] },
    });
    expect(more.body.message).toMatch(/no new finalizers can be added if the object is being deleted/);
    await client.patch('merge', MAP, { metadata: { finalizers: null } });
    expect((await client.get(MAP)).status).toBe(404);
  });
});

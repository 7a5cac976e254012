import { describe, expect, it } from 'vitest';
import { CliWorld } from '../support/cli-world.ts';
import { LiveWorker } from '../support/live-worker.ts';

const listOf = (name: string, ...targets: readonly string[]) => `apiVersion: external-endpoints/v1
kind: TargetList
metadata: { name: ${name} }
targets:
${targets.map((target, at) => `  - { name: ${target}, ports: [{ port: 5432 }], endpoints: [{ address: 10.0.0.${at + 1} }] }\n`).join('')}`;

const statusOf = async (worker: LiveWorker) => JSON.parse((await worker.get('/api/status')).body);

describe('two workers of one instance', () => {
  it('with different lists: the one that waits says that nobody publishes its list, until they are the same', async () => {
    const world = new CliWorld();
    const leader = LiveWorker.start(listOf('shop', 'a'), [], world);
    await world.clock.advance(10_000);
    const standby = LiveWorker.start(listOf('billing', 'b'), [], world, 'there');
    await world.clock.advance(30_000);
    const [told, ...more] = standby.log.filter(({ reason }) => reason === 'ListsDiffer');
    expect(told?.message).toContain(
      'here leads with other lists (shop) than those of this replica (billing)',
    );
    expect(more).toEqual([]);
    expect(await statusOf(standby)).toMatchObject({ lists: ['billing'], listsOfLeader: ['shop'] });
    expect((await standby.get('/')).body).toContain('ListsDiffer: the leader has other lists (shop)');
    expect((await standby.metrics()).sum('lists_differ')).toBe(1);
    expect((await leader.metrics()).sum('lists_differ')).toBe(0);
    expect(await world.services()).toEqual(['a']);

    standby.edit(listOf('shop', 'a'));
    await world.clock.advance(10_000);
    expect((await standby.metrics()).sum('lists_differ')).toBe(0);
    expect(await statusOf(standby)).not.toHaveProperty('listsOfLeader');
    await leader.end();
    await standby.end();
  });

  it('with the same list do not say so', async () => {
    const world = new CliWorld();
    const leader = LiveWorker.start(listOf('shop', 'a'), [], world);
    const standby = LiveWorker.start(listOf('shop', 'a'), [], world, 'there');
    await world.clock.advance(60_000);
    expect([...leader.reasons(), ...standby.reasons()]).not.toContain('ListsDiffer');
    await leader.end();
    await standby.end();
  });
});

describe('a worker beside a pass with another list', () => {
  it('keeps what that pass published, logs it once, and loses nothing to it', async () => {
    const world = new CliWorld();
    const worker = LiveWorker.start(listOf('shop', 'a', 'b'), [], world);
    await world.clock.advance(20_000);
    world.files.set('other.yaml', listOf('billing', 'c', 'd'));
    const pass = await world.run('sync', '--config', 'other.yaml', '--allow-mass-delete');
    expect(pass).toMatchObject({ code: 0 });
    expect(pass.out).toContain('default/a, default/b: Kept (ListMissing)');
    await world.clock.advance(60_000);
    expect(await world.services()).toEqual(['a', 'b', 'c', 'd']);
    expect(worker.reasons().filter((reason) => reason === 'ListMissing')).toHaveLength(1);
    worker.edit(listOf('shop', 'a'));
    await world.clock.advance(20_000);
    expect(await world.services()).toEqual(['a', 'c', 'd']);
    await worker.end();
  });
});

describe('deletions of one list within ten minutes', () => {
  it('count together over passes, and a day later no more', async () => {
    const world = new CliWorld();
    const pass = async (...targets: readonly string[]) => {
      world.files.set('list.yaml', listOf('shop', ...targets));
      await world.run('sync', '--config', 'list.yaml');
      return world.services();
    };
    await pass('a', 'b', 'c', 'd');
    expect(await pass('a', 'b', 'c')).toEqual(['a', 'b', 'c']);
    await world.clock.advance(120_000);
    expect(await pass('a', 'b')).toEqual(['a', 'b', 'c']);
    await world.clock.advance(86_400_000);
    expect(await pass('a', 'b')).toEqual(['a', 'b']);
  });
});

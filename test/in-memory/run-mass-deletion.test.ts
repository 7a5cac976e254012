import { beforeEach, describe, expect, it } from 'vitest';
import { CliWorld } from '../support/cli-world.ts';
import { LiveWorker } from '../support/live-worker.ts';

const NAMES = ['a', 'b', 'c', 'd'];

const listOf = (...names: readonly string[]) => `apiVersion: external-endpoints/v1
kind: TargetList
metadata: { name: shop }
targets:
${names.map((name, at) => `  - { name: ${name}, ports: [{ port: 5432 }], endpoints: [{ address: 10.0.0.${at + 1} }] }\n`).join('')}`;

let world: CliWorld;
let worker: LiveWorker;

beforeEach(async () => {
  world = new CliWorld();
  worker = LiveWorker.start(listOf(...NAMES), [], world);
  await world.clock.advance(10_000);
});

const services = () => world.services();

/** While it is so, and until a single read has shown that it is no longer, nobody knows what exists. */
async function serverAwayFor(durationMs: number): Promise<void> {
  world.client.fault = () => 'refused';
  await world.clock.advance(durationMs);
  world.client.fault = () => undefined;
}

describe('run after the list lost more than guards.maxDeletes', () => {
  it('deletes no Service, however often and in whatever order it decides', async () => {
    worker.edit(listOf('a'));
    await world.clock.advance(10_000);
    expect(worker.reasons()).toContain('MassDeletion');
    await serverAwayFor(60_000);
    await world.clock.advance(120_000);
    expect(await services()).toEqual(NAMES);
    expect(await worker.end()).toBe(0);
  });

  it('deletes no Service when the list loses one with each edit, until ten minutes have passed', async () => {
    worker.edit(listOf('a', 'b', 'c'));
    await world.clock.advance(10_000);
    expect(await services()).toEqual(['a', 'b', 'c']);
    worker.edit(listOf('a', 'b'));
    await world.clock.advance(120_000);
    expect(worker.reasons()).toContain('MassDeletion');
    expect(await services()).toEqual(['a', 'b', 'c']);
    await world.clock.advance(600_000);
    expect(await services()).toEqual(['a', 'b']);
    expect(await worker.end()).toBe(0);
  });

  it('deletes no Service when the list changed while no worker ran', async () => {
    await worker.end();
    const next = LiveWorker.start(listOf('new'), [], world);
    const isRead = ({ method, path }: { method: string; path: string }) =>
      method === 'GET' && /\/(services|endpoints|endpointslices)\b/.test(path) && !path.includes('watch=');
    world.client.fault = (request) => (isRead(request) ? 'refused' : undefined);
    await world.clock.advance(30_000);
    world.client.fault = () => undefined;
    await world.clock.advance(120_000);
    expect(next.reasons()).toContain('ListReplaced');
    expect(await services()).toEqual([...NAMES, 'new']);
    expect(await next.end()).toBe(0);
  });

  it('does not count what a list has just published as staying beside the last Service', async () => {
    await worker.end();
    const single = LiveWorker.start(listOf('a'), ['--allow-mass-delete'], world);
    await world.clock.advance(20_000);
    expect(await services()).toEqual(['a']);
    await single.end();
    const next = LiveWorker.start(listOf('a'), [], world);
    await world.clock.advance(700_000);
    next.edit(listOf('new'));
    await world.clock.advance(120_000);
    expect(next.reasons()).toContain('ListReplaced');
    expect(await services()).toEqual(['a', 'new']);
    expect(await next.end()).toBe(0);
  });

  it('deletes the other Services when enough targets are back in the list', async () => {
    worker.edit(listOf('a'));
    await world.clock.advance(10_000);
    worker.edit(listOf('a', 'b', 'c'));
    await world.clock.advance(60_000);
    expect(await services()).toEqual(['a', 'b', 'c']);
    expect(await worker.end()).toBe(0);
  });

  it('deletes no Service when two of four leave the list: 30 % of four is one', async () => {
    worker.edit(listOf('a', 'b'));
    await world.clock.advance(60_000);
    expect(worker.reasons()).toContain('MassDeletion');
    expect(await services()).toEqual(NAMES);
    expect(await worker.end()).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import { readConfigMapReference } from '../../../src/config/config-map-reference.ts';
import type { SourcePart } from '../../../src/config/source.ts';
import { ConfigMapSource } from '../../../src/list/config-map-source.ts';
import type { KubeObject } from '../../../src/manifest/kube-object.ts';
import { InMemoryCluster } from '../../support/in-memory-cluster.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const never = new AbortController().signal;
const APPLY = { force: true, dryRun: false };

async function follow(text: string) {
  const clock = new ManualClock();
  const cluster = new InMemoryCluster(clock);
  const { store } = cluster.newClient();
  const client = cluster.newClient();
  const read = readConfigMapReference(text);
  if (!read.ok) throw new Error(read.message);
  const troubles: string[] = [];
  const source = new ConfigMapSource(
    { store: client.store, clock, random: seededRandom(1) },
    read.reference,
    ({ reason }) => troubles.push(reason),
  );
  const reported: (readonly SourcePart[])[] = [];
  const stop = new AbortController();
  let done: Promise<void> = Promise.resolve();
  const start = async () => {
    done = source.run((parts) => reported.push(parts), stop.signal);
    await clock.advance(0);
  };
  return {
    clock,
    client,
    source,
    reported,
    troubles,
    start,
    /** Source and text, or why there is no text. */
    get parts() {
      return reported.at(-1)?.map((part) => `${part.source} = ${part.ok ? part.text : part.reason}`);
    },
    async write(name: string, data: Readonly<Record<string, string>>, more: object = {}): Promise<void> {
      const body = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace: 'default', name, labels: { list: 'yes' } },
        data,
        ...more,
      };
      const applied = await store.apply(body, APPLY, never);
      if (!applied.ok) throw new Error(applied.failure.message);
      await clock.advance(0);
    },
    async remove(name: string): Promise<void> {
      const found = await store.get({ kind: 'ConfigMap', namespace: 'default', name }, never);
      const { uid = '', resourceVersion = '' } = (found as { value: KubeObject }).value.metadata;
      const options = { dryRun: false, uid, resourceVersion };
      await store.delete({ kind: 'ConfigMap', namespace: 'default', name }, options, never);
      await clock.advance(0);
    },
    stop: async () => {
      stop.abort(new Error('stop'));
      await done;
      expect(clock.sleeping).toBe(0);
    },
  };
}

describe('ConfigMapSource', () => {
  it('reports every key with the name of a list file, and again after an edit', async () => {
    const run = await follow('default/targets');
    await run.write('targets', { 'b.yml': 'B', 'a.yaml': 'A', 'c.json': 'C', README: 'no list' });
    await run.write('others', { 'd.yaml': 'D' });
    await run.start();
    expect(run.parts).toEqual([
      'configmap default/targets[a.yaml] = A',
      'configmap default/targets[b.yml] = B',
      'configmap default/targets[c.json] = C',
    ]);
    await run.write('targets', { 'a.yaml': 'A2' });
    expect(run.parts).toEqual(['configmap default/targets[a.yaml] = A2']);
    await run.write('others', { 'd.yaml': 'D2' });
    expect(run.reported).toHaveLength(2);
    expect(run.source.objectOf('configmap default/targets[a.yaml]')?.metadata.name).toBe('targets');
    expect(run.source.objectOf('configmap default/others[a.yaml]')).toBeUndefined();
    await run.stop();
  });

  it('reports the requested key, whatever its name', async () => {
    const run = await follow('default/targets/list');
    await run.start();
    expect(run.parts).toEqual(['configmap default/targets[list] = NotFound']);
    await run.write('targets', { list: 'L', 'other.yaml': 'O' });
    expect(run.parts).toEqual(['configmap default/targets[list] = L']);
    await run.write('targets', { 'other.yaml': 'O' });
    expect(run.parts).toEqual(['configmap default/targets[list] = NotFound']);
    await run.write('targets', {}, { binaryData: { list: 'AAAA' } });
    expect(run.parts).toEqual(['configmap default/targets[list] = NotText']);
    await run.stop();
  });

  it('reports a ConfigMap that is missing, has no list, or is deleted', async () => {
    const run = await follow('default/targets');
    await run.start();
    expect(run.parts).toEqual(['configmap default/targets = NotFound']);
    await run.write('targets', { README: 'no list' });
    expect(run.parts).toEqual(['configmap default/targets = NoListFiles']);
    await run.remove('targets');
    expect(run.parts).toEqual(['configmap default/targets = NotFound']);
    await run.stop();
  });

  it('watches all ConfigMaps with a label, in the order of their names', async () => {
    const run = await follow('default/?list=yes');
    await run.start();
    expect(run.parts).toEqual(['configmap default/?list=yes = NoListFiles']);
    await run.write('team-b', { 'a.yaml': 'B' });
    await run.write('team-a', { 'a.yaml': 'A' });
    expect(run.parts).toEqual([
      'configmap default/team-a[a.yaml] = A',
      'configmap default/team-b[a.yaml] = B',
    ]);
    await run.write('team-b', { 'a.yaml': 'B' }, { metadata: { namespace: 'default', name: 'team-b' } });
    expect(run.parts).toEqual(['configmap default/team-a[a.yaml] = A']);
    await run.stop();
  });

  it('reports nothing while the server is away, and the changes after its return', async () => {
    const run = await follow('default/targets');
    await run.write('targets', { 'a.yaml': 'A' });
    await run.start();
    run.client.fault = () => 'refused';
    run.client.cut();
    await run.write('targets', { 'a.yaml': 'A2' });
    await run.clock.advance(60_000);
    expect(run.reported).toHaveLength(1);
    run.client.fault = () => undefined;
    await run.clock.advance(15_000);
    expect(run.parts).toEqual(['configmap default/targets[a.yaml] = A2']);
    expect(new Set(run.troubles)).toEqual(new Set(['Unreachable']));
    await run.stop();
  });

  it('reports a part that cannot be read without the right to read it', async () => {
    const run = await follow('default/targets');
    await run.write('targets', { 'a.yaml': 'A' });
    run.client.fault = () => 'forbidden';
    await run.start();
    expect(run.parts).toEqual(['configmap default/targets = PermissionDenied']);
    run.client.fault = () => undefined;
    await run.clock.advance(2_000);
    expect(run.parts).toEqual(['configmap default/targets[a.yaml] = A']);
    await run.stop();
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/embedded/backend.ts';
import type { WorkerStatus } from '../../src/sync/worker-status.ts';
import { noBackendAddresses } from '../support/backend-address.ts';
import { Stage } from '../support/e2e-stage.ts';
import { waitFor } from '../support/wait-for.ts';
import { atMost, timeUntil, WorkerProcess } from '../support/worker-process.ts';

describe.skipIf(noBackendAddresses())('run', () => {
  let stage: Stage;
  let first: Backend;
  let second: Backend;
  let third: Backend;
  let worker: WorkerProcess;
  const DRIFTING = [
    'slice-deleted',
    'slice-edited',
    'unlabelled',
    'unowned',
    'service-edited',
    'endpoints-deleted',
    'service-deleted',
    'foreign',
    'adopted',
    'contended',
  ];
  const VERDICTS_AT_ONCE = 'interval: 1s, fastInterval: 50ms, unhealthyThreshold: 1, healthyThreshold: 1';

  beforeAll(async () => {
    stage = await Stage.start('run');
    [first, second] = [await stage.newBackend(), await stage.newBackend()];
    // A target each, for somebody who changes one again and again is met with ever longer pauses.
    const rest = `ports: [{ port: PORT }], endpoints: [{ address: ${first.address} }]`;
    third = await stage.newBackend();
    const beside = `ports: [{ port: PORT }], endpoints: [{ address: ${first.address} }, { address: ${third.address} }], healthCheck: { ${VERDICTS_AT_ONCE} }`;
    const others = DRIFTING.map(
      (name) =>
        `  - { name: ${name}, adopt: ${name === 'adopted'}, ${name === 'foreign' ? beside : rest} }\n`,
    );
    const list = stage.list(
      'targets.yaml',
      `  - name: pair
    ports: [{ port: PORT }]
    endpoints: [{ address: ${first.address} }, { address: ${second.address} }]
    healthCheck: { ${VERDICTS_AT_ONCE} }
${others.join('')}`,
    );
    worker = WorkerProcess.start(stage, list);
    await worker.untilReady();
  });
  afterAll(async () => {
    await worker?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  const serves = async (isSecondUp: boolean) => {
    const served = await stage.served('pair');
    return (
      Object.keys(served).length === 2 &&
      served[first.address] === true &&
      served[second.address] === isSecondUp
    );
  };

  it('publishes the list, and is ready', async () => {
    await waitFor('both to be served', () => serves(true));
    expect(await worker.get('/healthz')).toEqual({ status: 200, body: 'ok\n' });
    expect((await worker.metrics()).sum('leader')).toBe(1);
  });

  it('reports every target and address with its reason on /api/status', async () => {
    const reported = async () => {
      const { status, body } = await worker.get('/api/status');
      expect(status).toBe(200);
      return JSON.parse(body) as WorkerStatus;
    };
    const pair = async () => (await reported()).targets.find(({ name }) => name === 'pair');
    // What the server has taken is served a moment before the worker has its answer.
    await waitFor('it to be told as published', async () => (await pair())?.phase === 'Published');
    const { targets, leading } = await reported();
    expect(leading).toBe(true);
    expect(targets).toHaveLength(DRIFTING.length + 1);
    expect(await pair()).toMatchObject({
      namespace: stage.namespace,
      endpoints: [
        { address: first.address, ready: true, reason: 'Connected', latencyMs: expect.any(Number) },
        { address: second.address, ready: true, reason: 'Connected', source: 'address' },
      ],
    });
  });

  it('writes a verdict within a tenth of a second', async () => {
    const settled = async () => (await worker.metrics()).sum('apply_duration_seconds_count');
    await waitFor('all targets to be written', async () => (await settled()) > DRIFTING.length);
    const before = await worker.metrics();
    const flips = process.env.E2E_FULL === '1' ? 200 : 10;
    for (let flip = 0; flip < flips; flip++) {
      const isUp = flip % 2 === 1;
      await second.become(isUp ? 'accept' : 'refuse');
      await waitFor('the verdict to be written', () => serves(isUp));
    }
    const after = await worker.metrics();
    const grown = (name: string, labels = {}) => after.sum(name, labels) - before.sum(name, labels);
    const verdicts = grown('apply_duration_seconds_count');
    const within = (le: string) => grown('apply_duration_seconds_bucket', { le });
    console.log(
      `${verdicts} verdicts written: ${within('0.05')} in 50 ms, ${within('0.1')} in 100 ms, ${within('0.25')} in 250 ms`,
    );
    expect(verdicts).toBeGreaterThanOrEqual(flips);
    expect(within(process.env.E2E_FULL === '1' ? '0.1' : '0.5')).toBeGreaterThanOrEqual(
      Math.floor(verdicts * 0.99),
    );
    // Two hundred of them, a second or so each.
  }, 600_000);

  describe('repairs within a second', () => {
    const where = () => ({ namespace: stage.namespace });
    const isServed = async (service: string) => (await stage.served(service))[first.address] === true;
    const theSlice = async (service: string) => {
      const [slice] = await stage.slicesOf(service);
      if (slice?.metadata?.name === undefined) throw new Error(`${service} has no slice`);
      return { ...slice, name: slice.metadata.name };
    };
    const repaired = async (what: string, condition: () => Promise<boolean>) => {
      const tookMs = await timeUntil(`${what} to be put right`, condition);
      console.log(`${what} put right in ${Math.round(tookMs)} ms`);
      expect(tookMs).toBeLessThan(atMost(1_000));
    };

    it('a deleted slice', async () => {
      const { name } = await theSlice('slice-deleted');
      await stage.discovery.deleteNamespacedEndpointSlice({ ...where(), name });
      await repaired('a deleted slice', () => isServed('slice-deleted'));
    });

    it('an edited slice', async () => {
      const { name, ...slice } = await theSlice('slice-edited');
      const endpoints = (slice.endpoints ?? []).map((each) => ({ ...each, conditions: { ready: false } }));
      const body = { ...slice, endpoints };
      await stage.discovery.replaceNamespacedEndpointSlice({ ...where(), name, body });
      await repaired('an edited slice', () => isServed('slice-edited'));
    });

    it.each([
      ['unlabelled', 'app.kubernetes.io/managed-by'],
      ['unowned', 'endpointslice.kubernetes.io/managed-by'],
    ])('a removed label of %s', async (service, label) => {
      const { name, ...slice } = await theSlice(service);
      const { [label]: _taken, ...labels } = slice.metadata?.labels ?? {};
      const body = { ...slice, metadata: { ...slice.metadata, labels } };
      await stage.discovery.replaceNamespacedEndpointSlice({ ...where(), name, body });
      await repaired(label, async () => {
        const slices = await stage.slicesOf(service);
        return slices.length === 1 && slices[0]?.metadata?.labels?.[label] === 'external-endpoints';
      });
    });

    it('an edited Service', async () => {
      const place = { ...where(), name: 'service-edited' };
      const service = await stage.core.readNamespacedService(place);
      const ports = [{ ...service.spec?.ports?.[0], port: stage.port, targetPort: 1 }];
      const body = { ...service, spec: { ...service.spec, ports } };
      await stage.core.replaceNamespacedService({ ...place, body });
      await repaired('an edited Service', async () => {
        const { spec } = await stage.core.readNamespacedService(place);
        return spec?.ports?.[0]?.targetPort === stage.port;
      });
    });

    it('deleted Endpoints', async () => {
      await stage.core.deleteNamespacedEndpoints({ ...where(), name: 'endpoints-deleted' });
      await repaired('deleted Endpoints', async () => {
        const { items } = await stage.core.listNamespacedEndpoints(where());
        return items.some(
          ({ metadata, subsets }) => metadata?.name === 'endpoints-deleted' && subsets?.length === 1,
        );
      });
    });

    it('a deleted Service', async () => {
      const name = 'service-deleted';
      const { metadata } = await stage.core.readNamespacedService({ ...where(), name });
      await stage.core.deleteNamespacedService({ ...where(), name });
      const uidNow = async () => {
        const { items } = await stage.core.listNamespacedService(where());
        return items.find((each) => each.metadata?.name === name)?.metadata?.uid;
      };
      await repaired('a deleted Service', async () => {
        const uid = await uidNow();
        return uid !== undefined && uid !== metadata?.uid && (await isServed(name));
      });
      // The garbage collector takes what hung on the old one, and that is put right too.
      await waitFor('one slice, of the new Service', async () => {
        const slices = await stage.slicesOf(name);
        return slices.length === 1 && slices[0]?.metadata?.ownerReferences?.[0]?.uid === (await uidNow());
      });
    });

    const strange = (service: string) =>
      stage.discovery.createNamespacedEndpointSlice({
        ...where(),
        body: {
          metadata: { name: `${service}-strange`, labels: { 'kubernetes.io/service-name': service } },
          addressType: 'IPv4',
          endpoints: [{ addresses: [second.address], conditions: { ready: false } }],
          ports: [{ port: stage.port }],
        },
      });

    it('by deletion, a foreign slice beside ours with adopt', async () => {
      await strange('adopted');
      await repaired('a foreign slice', async () => (await stage.slicesOf('adopted')).length === 1);
    });

    it('or reports a foreign slice beside ours without adopt, and goes on writing verdicts', async () => {
      await strange('foreign');
      await repaired('a foreign slice, reported', async () => worker.has('SlicesNotOurs'));
      expect(await stage.slicesOf('foreign')).toHaveLength(2);
      await third.become('refuse');
      await repaired(
        'health beside a foreign slice',
        async () => (await stage.served('foreign'))[third.address] === false,
      );
    });
  });

  it('backs off when another program writes its own value again and again', async () => {
    const place = { name: 'contended', namespace: stage.namespace };
    const stop = new AbortController();
    const opponent = (async () => {
      while (!stop.signal.aborted) {
        const service = await stage.core.readNamespacedService(place);
        if (service.spec?.ports?.[0]?.targetPort === 1) continue;
        const ports = [{ ...service.spec?.ports?.[0], port: stage.port, targetPort: 1 }];
        const body = { ...service, spec: { ...service.spec, ports } };
        // A conflict is tried again.
        await stage.core.replaceNamespacedService({ ...place, body }).catch(() => undefined);
      }
    })();
    try {
      await waitFor('the worker to see that it is contended', () => worker.has('Contended'));
      const before = await worker.metrics();
      const grown = async (name: string, labels = {}) =>
        (await worker.metrics()).sum(name, labels) - before.sum(name, labels);
      // The lease is renewed every two seconds.
      await waitFor('two renewals', async () => (await grown('api_requests_total', { verb: 'PUT' })) >= 2);
      expect(await grown('writes_total')).toBeLessThanOrEqual(1);
    } finally {
      stop.abort();
      await opponent;
    }
  });

  it('ends in order on SIGTERM', async () => {
    worker.kill('SIGTERM');
    const fromMs = performance.now();
    expect(await worker.ended).toMatchObject({ code: 0, stdout: '' });
    expect(performance.now() - fromMs).toBeLessThan(5_000);
    expect(worker.noise).toBe('');
  });
});

import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { CliContext, DemoWorld } from '../../src/cli/context.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import { proberOver } from '../../src/health/probe.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { TcpDialer } from '../../src/io/tcp-dialer.ts';
import { wire } from '../../src/wiring.ts';
import { ip } from '../support/addresses.ts';
import { CliProcess, runCli } from '../support/cli-process.ts';
import { kubectl, noKubectl } from '../support/kubectl.ts';
import { freePort } from '../support/real-peer.ts';
import { recordingTerminal } from '../support/recording-terminal.ts';
import { storeWith } from '../support/store-with.ts';
import { waitFor } from '../support/wait-for.ts';

describe('demo', () => {
  it('runs all steps within a minute and exits with 0', async () => {
    const startedMs = performance.now();
    const demo = await runCli(['demo']);
    expect(performance.now() - startedMs).toBeLessThan(60_000);
    expect(demo).toMatchObject({ code: 0, stderr: '' });
    const scenes = demo.stdout.split('▶ ').map((scene) => scene.replace(/\s+/g, ' '));
    expect(scenes).toHaveLength(6);
    expect(scenes[0]).toContain('192.0.2.0/24');
    expect(scenes[1]).toContain('9 created, 0 updated, 0 deleted');
    expect(scenes[1]).toContain('default/orders-db-ipv4-0 6432 192.0.2.10, 192.0.2.11, 192.0.2.12 -');
    expect(scenes[2]).toContain('0 created, 0 updated, 0 deleted');
    expect(scenes[3]).toContain('192.0.2.11 not ready ConnectionRefused: ');
    expect(scenes[3]).toContain('default/orders-db-ipv4-0 6432 192.0.2.10, 192.0.2.12 192.0.2.11');
    expect(scenes[4]).toContain('default/ldap-ipv4-0 636 192.0.2.21 -');
    expect(scenes[5]).toContain('default/orders-db-ipv4-0 6432 192.0.2.10, 192.0.2.11, 192.0.2.12 -');
    expect(scenes[5]).toContain('Next steps');
  });

  it.skipIf(noKubectl())('stays up for kubectl with --stay, and cleans up on SIGINT', async () => {
    await using demo = new CliProcess(['demo', '--stay']);
    const kubeconfigIn = () => /--kubeconfig (\S+)/.exec(demo.stdout)?.[1];
    await waitFor('the demo to have played', () => kubeconfigIn() !== undefined);
    const kubeconfig = kubeconfigIn() ?? '';
    const slices = await kubectl(kubeconfig, ['get', 'endpointslices', '-n', 'default']);
    expect(slices).toMatch(/^orders-db-ipv4-0 +IPv4 +6432 +192\.0\.2\.10,192\.0\.2\.11,192\.0\.2\.12/m);
    const services = await kubectl(kubeconfig, ['get', 'services', '-A', '-o', 'name']);
    expect(services).toContain('service/mainframe');
    demo.kill('SIGINT');
    expect(await demo.ended).toMatchObject({ code: 0, stderr: '' });
    expect(existsSync(kubeconfig)).toBe(false);
  });
});

/** Plays the demo in a world that is not quite as it should be. */
async function playIn(change: (world: DemoWorld) => DemoWorld) {
  const terminal = recordingTerminal();
  const context: CliContext = wire({
    terminal,
    stdin: () => Readable.from([]),
    environment: {},
    version: '0.0.0',
    nodeVersion: process.versions.node,
    entry: new URL('../../src/main.ts', import.meta.url),
    signal: new AbortController().signal,
  });
  const startDemoWorld = async () => change(await context.startDemoWorld());
  const code = await runCommandLine(['demo'], { ...context, startDemoWorld });
  return { code, stderr: terminal.err.text };
}

describe('demo exits with an error', () => {
  it('when an address leads to another listener', async () => {
    const closed = await freePort();
    const nowhere = { address: ip('127.0.0.1'), port: closed };
    const dialer = new TcpDialer(systemClock);
    const astray = proberOver(
      {
        dial: (_, signal) => dialer.dial(nowhere, signal),
        reach: (_, signal) => dialer.reach(nowhere, signal),
      },
      systemClock,
    );
    const { code, stderr } = await playIn((world) => ({
      ...world,
      prober: (check, signal) => (check.address === '192.0.2.12' ? astray : world.prober)(check, signal),
    }));
    expect(code).toBe(3);
    expect(stderr).toBe(
      'the demo failed: orders-db should serve 192.0.2.10, 192.0.2.11, 192.0.2.12 but serves 192.0.2.10, 192.0.2.11\n',
    );
  });

  it('when a backend that must stop does not', async () => {
    const { code, stderr } = await playIn((world) => ({ ...world, stopBackend: async () => undefined }));
    expect([code, stderr]).toEqual([3, 'the demo failed: nothing was written\n']);
  });

  it('when the DNS record does not change', async () => {
    const { code, stderr } = await playIn((world) => ({ ...world, moveRecord: () => undefined }));
    expect([code, stderr]).toEqual([3, 'the demo failed: nothing was written\n']);
  });

  it('when a pass writes although nothing has changed', async () => {
    const { code, stderr } = await playIn((world) => {
      const { store } = world.cluster;
      let lists = 0;
      const forgetful = storeWith(store, {
        // Each pass reads the Endpoints anew; the second finds them without addresses.
        list: async (...args: Parameters<typeof store.list>) => {
          const result = await store.list(...args);
          if (args[0] !== 'Endpoints' || !result.ok || ++lists <= 2) return result;
          const items = result.value.items.map(({ apiVersion, kind, metadata }) => ({
            apiVersion,
            kind,
            metadata,
          }));
          return { ...result, value: { ...result.value, items } };
        },
      });
      return { ...world, cluster: { ...world.cluster, store: forgetful } };
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^the demo failed: \d+ writes although nothing changed\n$/);
  });
});

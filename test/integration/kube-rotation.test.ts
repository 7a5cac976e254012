import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Reflector } from '../../src/cluster/reflector.ts';
import { type EmbeddedApiServer, startEmbeddedApiServer } from '../../src/embedded/apiserver/listener.ts';
import { KubeStore } from '../../src/io/kube-store.ts';
import { KubeTransport } from '../../src/io/kube-transport.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import type { Clock } from '../../src/time/clock.ts';
import { TestAuthority } from '../support/certificates.ts';
import { missing } from '../support/real-peer.ts';
import { TlsFront } from '../support/tls-front.ts';
import { waitFor } from '../support/wait-for.ts';

/** The system's, with minutes that a test lets pass in one go. */
class LeapingClock implements Clock {
  #leaptMs = 0;
  wallNow = () => systemClock.wallNow() + this.#leaptMs;
  monotonicNow = () => systemClock.monotonicNow() + this.#leaptMs;
  sleep = systemClock.sleep;
  leap(byMs: number): void {
    this.#leaptMs += byMs;
  }
}

const never = new AbortController().signal;

describe.skipIf(missing(['openssl']))(
  'the Kubernetes client after the CA and all certificates were replaced',
  () => {
    let directory: string;
    let server: EmbeddedApiServer;
    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'external-endpoints-rotation-'));
      server = await startEmbeddedApiServer({ clock: systemClock, random: systemRandom });
    });
    afterAll(async () => {
      await server.close();
      rmSync(directory, { recursive: true });
    });

    /** An authority of its own, with a certificate for each side. */
    function generation(name: string) {
      const place = join(directory, name);
      mkdirSync(place);
      const authority = new TestAuthority(place);
      const { caFile } = authority;
      const front = { ...authority.issue('server', 'DNS:kubernetes', 30), clientCaFile: caFile };
      return { caFile, front, client: authority.issue(name, `DNS:${name}`, 30) };
    }

    it('goes on watching with the new files', async () => {
      const [old, next] = [generation('old'), generation('next')];
      const mounted = {
        caFile: join(directory, 'ca.crt'),
        certFile: join(directory, 'tls.crt'),
        keyFile: join(directory, 'tls.key'),
      };
      const mount = ({ caFile, client }: typeof old) => {
        copyFileSync(caFile, mounted.caFile);
        copyFileSync(client.certFile, mounted.certFile);
        copyFileSync(client.keyFile, mounted.keyFile);
      };
      mount(old);
      await using front = await TlsFront.start(old.front, Number(new URL(server.url).port));
      const config = () => {
        const { certFile, keyFile, caFile } = mounted;
        const kube = new KubeConfig();
        kube.loadFromOptions({
          clusters: [
            { name: 'c', server: `https://127.0.0.1:${front.port}`, caFile, tlsServerName: 'kubernetes' },
          ],
          users: [{ name: 'u', certFile, keyFile }],
          contexts: [{ name: 'c', cluster: 'c', user: 'u' }],
          currentContext: 'c',
        });
        return kube;
      };
      const clock = new LeapingClock();
      const transport = new KubeTransport({ load: config, clock, userAgent: 'test' });
      const store = new KubeStore(transport);
      const seen: string[] = [];
      const troubles: string[] = [];
      const stop = new AbortController();
      const following = new Reflector(
        { store, clock, random: systemRandom },
        {
          kind: 'ConfigMap',
          scope: { namespace: 'default' },
          onReplace: () => seen.push('all'),
          onUpsert: ({ metadata }) => seen.push(metadata.name),
          onDelete: () => undefined,
          onTrouble: ({ reason }) => troubles.push(reason),
        },
      ).run(stop.signal);
      const write = (name: string) =>
        store.apply(
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name } },
          { force: true, dryRun: false },
          never,
        );

      await waitFor('the list', () => seen.includes('all'));
      expect(await write('before')).toMatchObject({ ok: true });
      await waitFor('what was written', () => seen.includes('before'));

      front.rotate(next.front);
      expect(await write('between')).toMatchObject({ ok: false, failure: { reason: 'Unreachable' } });
      await waitFor('the watch to be interrupted', () => troubles.includes('Unreachable'));

      mount(next);
      clock.leap(61_000);
      expect(await write('after')).toMatchObject({ ok: true });
      await waitFor('the watch to go on', () => seen.includes('after'));
      // Where it left off, without a list: nothing was missed.
      expect(seen).toEqual(['all', 'before', 'after']);
      expect(new Set(front.clients)).toEqual(new Set(['old', 'next']));

      stop.abort(new Error('enough'));
      await following;
      transport.close();
    });
  },
);

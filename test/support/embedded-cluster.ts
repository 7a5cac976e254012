import { KubeConfig } from '@kubernetes/client-node';
import { type EmbeddedApiServer, startEmbeddedApiServer } from '../../src/embedded/apiserver/listener.ts';
import { KubeStore } from '../../src/io/kube-store.ts';
import { KubeTransport } from '../../src/io/kube-transport.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';

/** The embedded API server on a socket, with a client of it. */
export interface EmbeddedCluster {
  readonly server: EmbeddedApiServer;
  readonly transport: KubeTransport;
  readonly store: KubeStore;
  close(): Promise<void>;
}

export async function startEmbeddedCluster(): Promise<EmbeddedCluster> {
  const server = await startEmbeddedApiServer({ clock: systemClock, random: systemRandom });
  const config = new KubeConfig();
  config.loadFromString(server.kubeconfig);
  const transport = new KubeTransport({ load: () => config, clock: systemClock, userAgent: 'test' });
  return {
    server,
    transport,
    store: new KubeStore(transport),
    close: async () => {
      transport.close();
      await server.close();
    },
  };
}

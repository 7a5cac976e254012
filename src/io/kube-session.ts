import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../time/clock.ts';
import { isPlainLoopback } from './kube-config.ts';
import { fingerprintOf, type KubePool, openPool, type PoolLimits, tlsOptionsIn } from './kube-pool.ts';

/** How long credentials are used before they are read again. client-node reads in-cluster tokens again at this rate. */
const CREDENTIALS_AGE_MS = 60_000;

/** The connections and the credentials for requests. */
export interface KubeSession extends KubePool {
  readonly headers: Readonly<Record<string, string>>;
}

interface OpenSession extends KubeSession {
  readonly tlsFingerprint: string;
  readonly readAtMs: number;
}

/**
 * Persistent connections with current credentials. client-node's own client opens a TLS connection for every request
 * and reads certificate files each time. This uses its KubeConfig only to find and refresh credentials.
 */
export class KubeSessions {
  /** The API server's address without a final slash. */
  readonly server: string;
  readonly #load: () => KubeConfig;
  readonly #clock: Clock;
  readonly #limits: PoolLimits;
  #config: KubeConfig;
  #session: OpenSession | undefined;
  #opening: Promise<OpenSession> | undefined;
  /** The API server has rejected the credentials of the current session. */
  #refused = false;
  /** Pools with earlier certificates whose last requests are still in flight. */
  readonly #retired = new Set<KubePool>();

  /** @param load reads the kubeconfig; called now, and again after its credentials were rejected. */
  constructor(load: () => KubeConfig, clock: Clock, limits: PoolLimits) {
    this.#load = load;
    this.#clock = clock;
    this.#limits = limits;
    this.#config = withPlainLoopback(load());
    this.server = serverOf(this.#config);
  }

  /**
   * At most one at a time: an exec plugin starts once, however many requests wait for it. Rejects without
   * credentials.
   */
  async current(): Promise<KubeSession> {
    const session = this.#session;
    const isFresh =
      session !== undefined && this.#clock.monotonicNow() - session.readAtMs < CREDENTIALS_AGE_MS;
    if (isFresh && !this.#refused) return session;
    this.#opening ??= this.#open(session).finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /**
   * The server rejected the credentials of that session. The next request reads them again, unless that has happened.
   */
  expire(session: KubeSession): void {
    if (session === this.#session) this.#refused = true;
  }

  /**
   * Ends every connection at once. Does not wait for connections that are still being made, because they cannot be
   * stopped.
   */
  close(): void {
    const pools = [...this.#retired, ...(this.#session === undefined ? [] : [this.#session])];
    this.#session = undefined;
    for (const { dispatcher, watchDispatcher } of pools) {
      void dispatcher.destroy();
      void watchDispatcher.destroy();
    }
  }

  async #open(previous: OpenSession | undefined): Promise<OpenSession> {
    // A KubeConfig keeps a plugin's credentials until they expire; only a new KubeConfig asks the plugin again.
    if (this.#refused) this.#config = this.#loadAgain();
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const tls = tlsOptionsIn(options);
    const tlsFingerprint = fingerprintOf(tls);
    const unchanged = previous?.tlsFingerprint === tlsFingerprint;
    const { dispatcher, watchDispatcher } = unchanged ? previous : openPool(this.#config, tls, this.#limits);
    const readAtMs = this.#clock.monotonicNow();
    const session = { dispatcher, watchDispatcher, headers: headersIn(options), tlsFingerprint, readAtMs };
    this.#session = session;
    this.#refused = false;
    if (previous !== undefined && !unchanged) this.#retire(previous);
    return session;
  }

  /** The kubeconfig may name another server now. Credentials are only for the server they belong to. */
  #loadAgain(): KubeConfig {
    const config = withPlainLoopback(this.#load());
    const server = serverOf(config);
    if (server === this.server) return config;
    throw new Error(`the kubeconfig now leads to ${server}, no longer to ${this.server}`);
  }

  /** Old pools end when their requests in flight have ended. */
  #retire(pool: KubePool): void {
    this.#retired.add(pool);
    const ended = Promise.all([pool.dispatcher.close(), pool.watchDispatcher.close()]);
    void ended.then(() => this.#retired.delete(pool));
  }
}

function serverOf(config: KubeConfig): string {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig names no cluster');
  return cluster.server.replace(/\/+$/, '');
}

function headersIn({ headers, auth }: RequestOptions): Record<string, string> {
  const found = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]);
  const basic =
    typeof auth === 'string' ? [['authorization', `Basic ${Buffer.from(auth).toString('base64')}`]] : [];
  return Object.fromEntries([...found, ...basic]);
}

/** client-node rejects plain HTTP unless TLS verification is off. */
function withPlainLoopback(config: KubeConfig): KubeConfig {
  if (!isPlainLoopback(serverOf(config))) return config;
  const cluster = config.getCurrentCluster();
  const plain = new KubeConfig();
  plain.loadFromOptions({
    clusters: config
      .getClusters()
      .map((each) => (each === cluster ? { ...each, skipTLSVerify: true } : each)),
    contexts: config.getContexts(),
    users: config.getUsers(),
    currentContext: config.getCurrentContext(),
  });
  return plain;
}

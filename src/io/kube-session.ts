import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../time/clock.ts';
import { isPlainLoopback } from './kube-config.ts';
import { fingerprintOf, type KubePool, openPool, type PoolLimits, tlsOptionsIn } from './kube-pool.ts';

/** How long credentials are used before they are read again; client-node re-reads in-cluster tokens that often. */
const CREDENTIALS_AGE_MS = 60_000;

/** What a request needs besides itself: connections to send it over, and who is asking. */
export interface KubeSession extends KubePool {
  readonly headers: Readonly<Record<string, string>>;
}

interface OpenSession extends KubeSession {
  readonly tlsFingerprint: string;
  readonly readAtMs: number;
}

/**
 * Kept-alive connections with credentials that stay fresh. client-node's own client opens a TLS connection for
 * every request and reads certificate files for each; this uses its KubeConfig for what it is good at (finding
 * and refreshing credentials) and keeps the connections.
 */
export class KubeSessions {
  /** The API server's address, without a slash at its end. */
  readonly server: string;
  readonly #load: () => KubeConfig;
  readonly #clock: Clock;
  readonly #limits: PoolLimits;
  #config: KubeConfig;
  #session: OpenSession | undefined;
  #opening: Promise<OpenSession> | undefined;
  /** The API server has refused what the current session says. */
  #refused = false;
  /** Pools of earlier certificates whose last requests are still under way. */
  readonly #retired = new Set<KubePool>();

  /** @param load reads the kubeconfig; called now, and again when its credentials were refused. */
  constructor(load: () => KubeConfig, clock: Clock, limits: PoolLimits) {
    this.#load = load;
    this.#clock = clock;
    this.#limits = limits;
    this.#config = withPlainLoopback(load());
    this.server = serverOf(this.#config);
  }

  /** Single flight: an exec plugin starts once, however many requests wait for it. Rejects when there are no credentials. */
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

  /** The server refused that session's credentials: the next request reads them again, unless that has happened. */
  expire(session: KubeSession): void {
    if (session === this.#session) this.#refused = true;
  }

  /** Ends every connection at once, without waiting for those that are only being made: they know no way to be told. */
  close(): void {
    const pools = [...this.#retired, ...(this.#session === undefined ? [] : [this.#session])];
    this.#session = undefined;
    for (const { dispatcher, watchDispatcher } of pools) {
      void dispatcher.destroy();
      void watchDispatcher.destroy();
    }
  }

  async #open(previous: OpenSession | undefined): Promise<OpenSession> {
    // A KubeConfig keeps what a plugin gave it until that expires: only a new one asks again.
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

  /** Somebody may have pointed the kubeconfig elsewhere since: credentials are for the server they belong to. */
  #loadAgain(): KubeConfig {
    const config = withPlainLoopback(this.#load());
    const server = serverOf(config);
    if (server === this.server) return config;
    throw new Error(`the kubeconfig now leads to ${server}, no longer to ${this.server}`);
  }

  /** The old pools end when the requests that are under way on them have. */
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

/** client-node refuses plain HTTP unless TLS verification is off. */
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

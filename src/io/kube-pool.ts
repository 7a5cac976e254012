import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent, Socks5ProxyAgent } from 'undici';

/** Three kinds in 300 namespaces, and some more. */
const MAX_WATCHES = 1_024;

/** A watch gets a bookmark a minute. After five missing ones the connection is dead. */
const WATCH_SILENCE_MS = 300_000;

/** Connections to one API server, kept alive. */
export interface KubePool {
  readonly dispatcher: Dispatcher;
  /**
   * Separate from other requests, because each watch keeps a connection for its whole life. Also for urgent requests.
   */
  readonly watchDispatcher: Dispatcher;
}

export interface PoolLimits {
  /** The limit of connections for requests, and so of requests in flight. */
  readonly connections: number;
  /** The limit of one answer. A watch has no end and no limit. */
  readonly maxResponseBytes: number;
}

type PoolOptions = Omit<Agent.Options, 'connect' | 'factory'>;

export function openPool(config: KubeConfig, tls: TlsOptions, limits: PoolLimits): KubePool {
  const common = {
    // One HTTP/2 connection would put every write behind one flow-control window; see `docs/adr/0004`.
    allowH2: false,
    keepAliveTimeout: 30_000,
  };
  return {
    dispatcher: dispatcherFor(config, tls, {
      ...common,
      connections: limits.connections,
      maxResponseSize: limits.maxResponseBytes,
    }),
    watchDispatcher: dispatcherFor(config, tls, {
      ...common,
      connections: MAX_WATCHES,
      headersTimeout: 30_000,
      bodyTimeout: WATCH_SILENCE_MS,
    }),
  };
}

function dispatcherFor(config: KubeConfig, tls: TlsOptions, pool: PoolOptions): Dispatcher {
  const options = config.createDispatcherOptions(config.getCurrentCluster(), tls);
  switch (options.type) {
    case 'proxy':
      return new ProxyAgent({ ...pool, uri: options.uri, requestTls: tls });
    case 'socks':
      return new Socks5ProxyAgent(options.uri, { ...pool, requestTls: tls });
    default:
      return new Agent({ ...pool, connect: tls });
  }
}

export type TlsOptions = Readonly<Record<string, string>>;

/** The TLS options of a request that are set. */
export function tlsOptionsIn(options: RequestOptions): TlsOptions {
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized } = options;
  const { servername } = options as ConnectionOptions;
  const all = { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized };
  const given = Object.entries(all).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(given) as TlsOptions;
}

/** A digest of all that a new connection depends on. */
export function fingerprintOf(tls: TlsOptions): string {
  const hash = createHash('sha256');
  for (const [name, value] of Object.entries(tls)) hash.update(`${name}=${String(value)}\n`);
  return hash.digest('hex');
}

import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher, ProxyAgent, Socks5ProxyAgent } from 'undici';
import type { Clock } from '../target/clock.ts';

/** How long credentials are used before they are read again; client-node re-reads in-cluster tokens that often. */
const CREDENTIALS_AGE_MS = 60_000;

/** Bodies of our own objects are small; a list of 10,000 slices is not. */
const MAX_RESPONSE_BYTES = 256 * 1024 * 1024;

/** Three kinds in 300 namespaces, and some. */
const MAX_WATCHES = 1_024;

/** A watch is asked to send a bookmark a minute; after five that did not come, nobody is there. */
const WATCH_SILENCE_MS = 300_000;

/** What a request needs besides itself: connections to send it over, and who is asking. */
export interface KubeSession {
  readonly dispatcher: Dispatcher;
  /** Apart from the others, because each watch keeps a connection for as long as it lives. */
  readonly watchDispatcher: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

interface OpenSession extends KubeSession {
  /** Of all that a new connection depends on: when it changes, the pool is replaced. */
  readonly tlsFingerprint: string;
  readonly readAtMs: number;
}

/**
 * One pool of kept-alive connections with credentials that stay fresh. client-node's own client opens a TLS
 * connection for every request and reads certificate files for each; this uses its KubeConfig for what it is
 * good at (finding and refreshing credentials) and keeps the connections.
 */
export class KubeSessions {
  private readonly config: KubeConfig;
  private readonly clock: Clock;
  private readonly connections: number;
  private session: OpenSession | undefined;
  private opening: Promise<OpenSession> | undefined;

  constructor(config: KubeConfig, clock: Clock, connections: number) {
    this.config = withPlainLoopback(config);
    this.clock = clock;
    this.connections = connections;
  }

  /** Single flight: an exec plugin starts once, however many requests wait for it. */
  async current(): Promise<KubeSession> {
    const { session } = this;
    if (session !== undefined && this.clock.monotonicNow() - session.readAtMs < CREDENTIALS_AGE_MS)
      return session;
    this.opening ??= this.open(session).finally(() => {
      this.opening = undefined;
    });
    return this.opening;
  }

  /** The server refused the credentials: the next request reads them again. */
  expire(): void {
    if (this.session !== undefined) this.session = { ...this.session, readAtMs: Number.NEGATIVE_INFINITY };
  }

  /** Ends every connection at once. */
  async close(): Promise<void> {
    const { session } = this;
    this.session = undefined;
    await Promise.all([session?.dispatcher.destroy(), session?.watchDispatcher.destroy()]);
  }

  private async open(previous: OpenSession | undefined): Promise<OpenSession> {
    const options: RequestOptions = {};
    await this.config.applyToHTTPSOptions(options);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {}))
      headers[name.toLowerCase()] = String(value);
    if (typeof options.auth === 'string') {
      headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    }
    const tls = tlsOptionsIn(options);
    const tlsFingerprint = fingerprint(tls);
    const unchanged = previous?.tlsFingerprint === tlsFingerprint;
    const session: OpenSession = {
      dispatcher: unchanged ? previous.dispatcher : this.newDispatcher(tls, this.requestPool()),
      watchDispatcher: unchanged ? previous.watchDispatcher : this.newDispatcher(tls, WATCH_POOL),
      headers,
      tlsFingerprint,
      readAtMs: this.clock.monotonicNow(),
    };
    this.session = session;
    // The old pools end when the requests that are under way on them have.
    if (previous !== undefined && !unchanged) {
      void previous.dispatcher.close();
      void previous.watchDispatcher.close();
    }
    return session;
  }

  private requestPool(): PoolOptions {
    return {
      connections: this.connections,
      // One connection of HTTP/2 would put every write behind one flow-control window; see docs/adr.
      allowH2: false,
      keepAliveTimeout: 30_000,
      maxResponseSize: MAX_RESPONSE_BYTES,
    };
  }

  private newDispatcher(tls: TlsOptions, pool: PoolOptions): Dispatcher {
    const options = this.config.createDispatcherOptions(this.config.getCurrentCluster(), tls);
    switch (options.type) {
      case 'proxy':
        return new ProxyAgent({ ...pool, uri: options.uri, requestTls: tls });
      case 'socks':
        return new Socks5ProxyAgent(options.uri, { ...pool, requestTls: tls });
      default:
        return new Agent({ ...pool, connect: tls });
    }
  }
}

type PoolOptions = Omit<Agent.Options, 'connect' | 'factory'>;

/** No limit to what a watch may bring in an hour; a TCP keepalive besides the watch for silence is undici's default. */
const WATCH_POOL: PoolOptions = {
  connections: MAX_WATCHES,
  allowH2: false,
  keepAliveTimeout: 30_000,
  headersTimeout: 30_000,
  bodyTimeout: WATCH_SILENCE_MS,
};

/**
 * client-node refuses plain HTTP unless TLS verification is off. Credentials in clear text over a network are
 * indeed a mistake; to a listener on this machine (`kubectl proxy`, the embedded server) they never leave it.
 */
function withPlainLoopback(config: KubeConfig): KubeConfig {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig names no cluster');
  if (!/^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/.test(cluster.server)) return config;
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

type TlsOptions = Readonly<Record<string, string>>;

/** The options of a TLS connection among those of a request, without what is not set. */
function tlsOptionsIn(options: RequestOptions): TlsOptions {
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized } = options;
  const { servername } = options as ConnectionOptions;
  const all = { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized };
  const given = Object.entries(all).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(given) as TlsOptions;
}

function fingerprint(tls: TlsOptions): string {
  const hash = createHash('sha256');
  for (const [name, value] of Object.entries(tls)) hash.update(`${name}=${String(value)}\n`);
  return hash.digest('hex');
}

import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { type AddressInfo, createServer as createMuteServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Cluster, KubeConfig, type User } from '@kubernetes/client-node';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** The common name of the client's certificate, if it sent one. */
  readonly clientName: string | undefined;
}

export type Answer = (response: ServerResponse, request: SeenRequest) => void;

/** An HTTP or HTTPS server on loopback that gives the answers of the test, and counts connections. */
export class ScriptedApi implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  /** TCP connections taken so far. */
  connections = 0;
  /** The answer when `next` is empty. */
  always: Answer = answered(200, {});
  /** The answers to the next requests, one each. */
  readonly next: Answer[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #scheme: string;

  private constructor(kind: ServerOptions | 'plain' | 'mute') {
    const listener: RequestListener = (request, response) => void this.#take(request, response);
    this.#scheme = kind === 'plain' ? 'http' : 'https';
    if (kind === 'mute') this.#server = createMuteServer();
    else this.#server = kind === 'plain' ? createServer(listener) : createTlsServer(kind, listener);
    this.#server.on('connection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** `plain` is HTTP; `mute` has an https address, accepts connections and never answers; otherwise TLS with these options. */
  static async start(kind: ServerOptions | 'plain' | 'mute' = 'plain'): Promise<ScriptedApi> {
    const api = new ScriptedApi(kind);
    await new Promise<void>((resolve) => {
      api.#server.listen(0, '127.0.0.1', resolve);
    });
    return api;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#sockets.size;
  }

  /** A kubeconfig for this server and `user`. */
  kubeConfig(user: Partial<User> = {}, cluster: Partial<Cluster> = {}): KubeConfig {
    const config = new KubeConfig();
    config.loadFromOptions({
      clusters: [{ name: 'here', server: this.url, skipTLSVerify: false, ...cluster }],
      users: [{ name: 'somebody', ...user }],
      contexts: [{ name: 'test', cluster: 'here', user: 'somebody' }],
      currentContext: 'test',
    });
    return config;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const certificate = (request.socket as TLSSocket).getPeerCertificate?.();
    const commonName = certificate?.subject?.CN;
    const seen: SeenRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
      clientName: Array.isArray(commonName) ? commonName[0] : commonName,
    };
    this.requests.push(seen);
    const answer = this.next.shift() ?? this.always;
    answer(response, seen);
  }
}

/** Text unchanged, everything else as JSON. */
export function answered(
  status: number,
  body: unknown,
  headers: Record<string, string | string[]> = {},
): Answer {
  return (response) => {
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

/** Takes the request, and never answers. */
export const silence: Answer = () => undefined;

/** The connection breaks before an answer. */
export const dropped: Answer = (response) => {
  response.socket?.destroy();
};

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiServer, type ApiServerSettings } from './api-server.ts';
import { EVERYTHING_ALLOWED, type User } from './auth.ts';
import { newUid } from './identifiers.ts';
import { kubeconfigFor } from './kubeconfig.ts';
import type { ApiRequest, ApiResponse } from './request.ts';
import { ConnectionDropped } from './watch-stream.ts';

export interface EmbeddedSettings extends Omit<ApiServerSettings, 'users'> {
  /** Users in addition to the administrator of the kubeconfig. */
  readonly users?: readonly User[];
  /** 0, the default, takes a free one. */
  readonly port?: number;
}

export interface EmbeddedApiServer {
  readonly url: string;
  /** For the administrator. */
  readonly kubeconfig: string;
  /** The server without its socket. */
  readonly core: ApiServer;
  /** Closes the listener, all connections and all watches. */
  close(): Promise<void>;
  /** Listens again after `close`, at the same address and with the same objects. */
  reopen(): Promise<void>;
}

/**
 * Starts an API server on 127.0.0.1, over plain HTTP. For the demo and for tests only: there is no
 * encryption, no storage, and no other listener than loopback.
 */
export async function startEmbeddedApiServer(settings: EmbeddedSettings): Promise<EmbeddedApiServer> {
  const administrator: User = {
    name: 'embedded-administrator',
    groups: ['system:masters', 'system:authenticated'],
    token: newUid(settings.random),
    rules: [EVERYTHING_ALLOWED],
  };
  const core = new ApiServer({
    // kubectl sends no token over plain HTTP, so requests without a token are the administrator's.
    anonymousRules: [EVERYTHING_ALLOWED],
    ...settings,
    users: [administrator, ...(settings.users ?? [])],
  });
  const server = createServer((incoming, outgoing) => void serve(core, incoming, outgoing));
  // Watches and idle connections have no traffic for long.
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(settings.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    kubeconfig: kubeconfigFor(url, administrator.token),
    core,
    close: async () => {
      core.watches.cutAll();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
    reopen: () => listen(port),
  };
}

async function serve(core: ApiServer, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort(new Error('the client closed the connection')));
  try {
    const request = await readRequest(incoming);
    await send(await core.handle(request, gone.signal), outgoing, gone.signal);
  } catch (error) {
    // The client closed the connection during the request.
    if (gone.signal.aborted) return;
    if (error instanceof ConnectionDropped) {
      outgoing.destroy();
      return;
    }
    if (!outgoing.headersSent) outgoing.writeHead(500, { 'Content-Type': 'text/plain' });
    outgoing.end(`internal error: ${error instanceof Error ? error.stack : String(error)}\n`);
  }
}

async function readRequest(incoming: IncomingMessage): Promise<ApiRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const target = incoming.url ?? '/';
  const mark = target.indexOf('?');
  return {
    method: incoming.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
    headers: incoming.headers as Record<string, string>,
    body: chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString(),
  };
}

async function send(response: ApiResponse, outgoing: ServerResponse, gone: AbortSignal): Promise<void> {
  if (response.kind === 'dropped') {
    outgoing.destroy();
    return;
  }
  if (response.kind === 'complete') {
    outgoing.writeHead(response.status, {
      ...response.headers,
      'Content-Length': Buffer.byteLength(response.body),
    });
    outgoing.end(response.body);
    return;
  }
  outgoing.writeHead(response.status, response.headers as Record<string, string | string[]>);
  outgoing.flushHeaders();
  for await (const line of response.lines) {
    if (gone.aborted) return;
    if (!outgoing.write(line)) await drained(outgoing, gone);
  }
  outgoing.end();
}

async function drained(outgoing: ServerResponse, gone: AbortSignal): Promise<void> {
  if (gone.aborted) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      outgoing.off('drain', done);
      gone.removeEventListener('abort', done);
      resolve();
    };
    outgoing.once('drain', done);
    gone.addEventListener('abort', done, { once: true });
  });
}

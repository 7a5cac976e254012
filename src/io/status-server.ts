import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StatusRoutes, StatusServer } from '../sync/status-routes.ts';

/** No request has a body; the server does not wait for one. */
const REQUEST_TIMEOUT_MS = 5_000;
const MAX_HEADER_BYTES = 8 * 1024;
const MAX_CONNECTIONS = 100;
/** How often Node checks for slow requests. Many of them must not block kubelet's probes for long. */
const LOOK_EVERY_MS = 1_000;
/** The time for answers in flight at the end. */
const CLOSE_WITHIN_MS = 500;

/** Serves GET and HEAD on a few paths. Rejects if the address is not available. */
export async function startStatusServer(
  listen: { readonly host: string; readonly port: number },
  routes: StatusRoutes,
): Promise<StatusServer> {
  const limits = { maxHeaderSize: MAX_HEADER_BYTES, connectionsCheckingInterval: LOOK_EVERY_MS };
  const server = createServer(limits, (request, response) => {
    void answer(request, response, routes);
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  routes: StatusRoutes,
): Promise<void> {
  const path = (request.url ?? '/').replace(/\?.*$/, '');
  const route = routes[path];
  if (route === undefined) return send(response, 404, 'text/plain', 'not found\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return send(response, 405, 'text/plain', 'method not allowed\n');
  }
  try {
    const { status, contentType, body } = await route();
    send(response, status, contentType, request.method === 'HEAD' ? '' : body);
  } catch (error) {
    send(response, 500, 'text/plain', `${(error as Error).message}\n`);
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'Content-Type': contentType, 'Cache-Control': 'no-store' });
  response.end(body);
}

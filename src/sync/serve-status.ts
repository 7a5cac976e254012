import type { Log } from '../model/log.ts';
import type { StatusRoutes, StatusServer } from './status-routes.ts';
import type { WorkerContext, WorkerSettings } from './worker-context.ts';

/** Serves the status of the worker. Undefined, with an error in the log, when `--listen` is not available. */
export async function serveStatus(
  { listen }: WorkerSettings,
  routes: StatusRoutes,
  log: Log,
  context: WorkerContext,
): Promise<StatusServer | undefined> {
  try {
    const server = await context.startStatusServer(listen, routes);
    log.info('Listening', `serving ${Object.keys(routes).join(', ')} on port ${server.port}`);
    return server;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    log.error('CannotListen', `--listen ${listen.host}:${listen.port} is not available: ${error.message}`);
    return undefined;
  }
}

import { statusPage } from './status-page.ts';
import type { WorkerStatus } from './worker-status.ts';

/** What the worker says of itself over HTTP, by path. */
export type StatusRoutes = Readonly<Record<string, () => StatusAnswer | Promise<StatusAnswer>>>;

export interface StatusAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface StatusServer {
  readonly port: number;
  close(): Promise<void>;
}

/** One thing that must be so before the worker counts as ready. */
export interface ReadinessCondition {
  readonly name: string;
  readonly isMet: () => boolean;
}

/**
 * `/healthz`: the process is alive and its loop turns. `/readyz`: it can do its work; a standby is ready too.
 * `/metrics`: Prometheus' text. `/api/status`: every target and address, and why it is as it is;
 * `/`: the same for people.
 */
export function statusRoutes(settings: {
  readonly isAlive: () => boolean;
  readonly conditions: readonly ReadinessCondition[];
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readonly status: () => WorkerStatus;
}): StatusRoutes {
  return {
    '/healthz': () => (settings.isAlive() ? plain(200, 'ok\n') : plain(503, 'the loop does not turn\n')),
    '/readyz': () => {
      const unmet = settings.conditions.filter((condition) => !condition.isMet());
      const lines = settings.conditions.map((each) => `[${unmet.includes(each) ? '-' : '+'}] ${each.name}\n`);
      return plain(unmet.length === 0 ? 200 : 503, lines.join(''));
    },
    '/metrics': async () => ({
      status: 200,
      contentType: settings.metrics.contentType,
      body: await settings.metrics.text(),
    }),
    '/': () => ({
      status: 200,
      contentType: 'text/html; charset=utf-8',
      body: statusPage(settings.status()),
    }),
    '/api/status': () => ({
      status: 200,
      contentType: 'application/json',
      body: `${JSON.stringify(settings.status())}\n`,
    }),
  };
}

function plain(status: number, body: string): StatusAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body };
}

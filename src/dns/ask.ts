import { jittered } from '../target/random.ts';
import type { DnsServerAddress } from '../target/target.ts';
import { type AskContext, type AttemptResult, askServer } from './attempt.ts';
import type { Question, Reply } from './message.ts';
import type { UnresolvedReason } from './resolution.ts';
import { type ServerRegistry, serverKey } from './server-registry.ts';

/** Whom to ask, and how often. */
export interface ServerPlan {
  readonly servers: readonly DnsServerAddress[];
  /** Of one try at one server. */
  readonly timeoutMs: number;
  /** Tries in all, over all servers. */
  readonly attempts: number;
  readonly rotate: boolean;
  readonly forceTcp: boolean;
}

export type Asked =
  | { readonly ok: true; readonly reply: Reply }
  | { readonly ok: false; readonly reason: UnresolvedReason; readonly message: string };

/** Before a server that did answer, but uselessly, is asked the same again. Doubles with each round. */
const PAUSE_BETWEEN_ROUNDS_MS = 100;

/** What tells most about the name comes first; it gives the reason when every server failed in its own way. */
const TELLING: readonly UnresolvedReason[] = [
  'ServerFailure',
  'QueryRefused',
  'TruncatedAnswer',
  'MalformedAnswer',
  'QueryTimeout',
  'ServerUnreachable',
];

/** Asks one server after the other until one answers or the tries are used up. */
export async function askServers(
  question: Question,
  plan: ServerPlan,
  registry: ServerRegistry,
  context: AskContext,
  signal: AbortSignal,
): Promise<Asked> {
  const order = registry.order(plan.servers, plan.rotate, context.clock.monotonicNow());
  const failures = new Map<string, Extract<AttemptResult, { ok: false }>>();
  for (let attempt = 0; attempt < plan.attempts; attempt += 1) {
    const server = order[attempt % order.length];
    if (server === undefined) break;
    const key = serverKey(server);
    const before = failures.get(key);
    // A server that refuses will refuse again; that is a setting, not a mishap.
    if (before?.reason === 'QueryRefused') continue;
    if (before !== undefined && before.reason !== 'QueryTimeout') {
      const round = Math.floor(attempt / order.length);
      const pauseMs = jittered(PAUSE_BETWEEN_ROUNDS_MS * 2 ** Math.min(round, 5), 0.2, context.random);
      await context.clock.sleep(pauseMs, signal);
    }
    const traits = registry.traits(server, context.clock.monotonicNow());
    const result = await askServer(question, server, plan, traits, context, signal);
    registry.report(server, result.ok || isSignOfLife(result.reason), context.clock.monotonicNow());
    if (result.ok) return result;
    failures.set(key, result);
  }
  return summary(failures);
}

function isSignOfLife(reason: UnresolvedReason): boolean {
  return reason !== 'QueryTimeout' && reason !== 'ServerUnreachable';
}

function summary(failures: ReadonlyMap<string, Extract<AttemptResult, { ok: false }>>): Asked {
  const reasons = [...failures.values()].map(({ reason }) => reason);
  const reason = TELLING.find((candidate) => reasons.includes(candidate));
  if (reason === undefined) return { ok: false, reason: 'NoServers', message: 'no DNS server is configured' };
  const message = [...failures].map(([server, failure]) => `${server}: ${failure.message}`).join('; ');
  return { ok: false, reason, message };
}

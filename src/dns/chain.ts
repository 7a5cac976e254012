import { readAnswer } from './answer.ts';
import { askServers, type ServerPlan } from './ask.ts';
import type { AskContext } from './attempt.ts';
import type { AnswerRecord, Question } from './message.ts';
import type { UnresolvedReason } from './resolution.ts';
import type { ServerRegistry } from './server-registry.ts';

/** What asking for one type of one name came to, CNAME chain followed to its end. */
export type Lookup =
  | {
      readonly kind: 'records';
      readonly records: readonly AnswerRecord[];
      /** The additional section of the reply that held the records. */
      readonly additionals: readonly AnswerRecord[];
      readonly ttlSeconds: number;
    }
  | { readonly kind: 'noData' | 'nameNotFound'; readonly ttlSeconds: number; readonly message: string }
  | { readonly kind: 'unresolved'; readonly reason: UnresolvedReason; readonly message: string };

/** A CNAME into a zone that the server does not serve ends its reply; the rest has to be asked for. */
export async function lookUp(
  question: Question,
  plan: ServerPlan,
  registry: ServerRegistry,
  context: AskContext,
  signal: AbortSignal,
): Promise<Lookup> {
  const passed = new Set<string>();
  let next = question;
  let chainTtlSeconds = Number.POSITIVE_INFINITY;
  for (;;) {
    const asked = await askServers(next, plan, registry, context, signal);
    if (!asked.ok) return { kind: 'unresolved', reason: asked.reason, message: about(next, asked.message) };
    const answer = readAnswer(next, asked.reply, passed);
    switch (answer.kind) {
      case 'records': {
        const ttlSeconds = Math.min(chainTtlSeconds, answer.ttlSeconds);
        return { kind: 'records', records: answer.records, additionals: asked.reply.additionals, ttlSeconds };
      }
      case 'noData':
      case 'nameNotFound': {
        const ttlSeconds = Math.min(chainTtlSeconds, answer.ttlSeconds);
        const words = answer.kind === 'noData' ? `has no ${next.type} record` : 'does not exist';
        return { kind: answer.kind, ttlSeconds, message: `${next.name} ${words}` };
      }
      case 'chainTooLong':
        return { kind: 'unresolved', reason: 'ChainTooLong', message: about(question, answer.message) };
      case 'contradiction':
        context.counters.malformed += 1;
        return { kind: 'unresolved', reason: 'MalformedAnswer', message: about(next, answer.message) };
      case 'alias':
        chainTtlSeconds = Math.min(chainTtlSeconds, answer.ttlSeconds);
        next = { name: answer.target, type: question.type };
    }
  }
}

function about(question: Question, message: string): string {
  return `${question.name} ${question.type}: ${message}`;
}

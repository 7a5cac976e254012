import { type Call, refOf } from './call.ts';
import type { Fault, Faults } from './faults.ts';
import type { ApiResponse } from './request.ts';
import { refusalResponse, textResponse } from './respond.ts';
import { conflict, MODIFIED, Refusal } from './status.ts';
import type { WatchStream } from './watch-stream.ts';

/** Performs a request with its injected faults. */
export async function performWithFaults(
  faults: Faults,
  call: Call,
  verb: string,
  signal: AbortSignal,
  perform: (call: Call) => Promise<ApiResponse>,
): Promise<ApiResponse> {
  const { group, resource, name, namespace } = call.path;
  const struck = faults.draw({ verb, group, resource, name, namespace });
  if (struck.length === 0) return await perform(call);
  for (const fault of struck) {
    if (fault.type === 'latency') await call.engine.clock.sleep(faults.duration(fault), signal);
    const instead = answerBefore(fault, call);
    if (instead !== undefined) return instead;
  }
  const stale = struck.find((fault) => fault.type === 'staleRead');
  const { store } = call.engine;
  const response = await perform(
    stale === undefined
      ? call
      : { ...call, atRevision: Math.max(store.compactedRevision, store.revision - stale.changes) },
  );
  for (const fault of struck) {
    if (fault.type === 'dropAfterCommit') return { kind: 'dropped' };
    if (fault.type === 'timeoutAfterCommit' && response.kind === 'complete') return timeout();
    if (fault.type === 'cutWatch' && response.kind === 'watch') {
      void cut(call, response.lines, faults.duration(fault), fault.how);
    }
  }
  return response;
}

/** The response of a fault that prevents the request. */
function answerBefore(fault: Fault, call: Call): ApiResponse | undefined {
  switch (fault.type) {
    case 'denied': {
      // admission/plugin/webhook/errors/statuserror.go: the reason is the webhook's own, or missing.
      const message = `admission webhook "policy.example.test" denied the request: ${fault.message}`;
      return refusalResponse(new Refusal(fault.httpStatus, message, ''), call.warnings);
    }
    case 'conflict':
      return refusalResponse(conflict(refOf(call.kind), call.path.name, MODIFIED), call.warnings);
    case 'tooManyRequests': {
      const response = textResponse(429, 'Too many requests, please try again later.\n');
      return {
        ...response,
        headers: { ...response.headers, 'Retry-After': String(fault.retryAfterSeconds) },
      };
    }
    case 'internalError': {
      const details = { causes: [{ message: 'injected fault' }] };
      const refusal = new Refusal(500, 'Internal error occurred: injected fault', 'InternalError', details);
      return refusalResponse(refusal, call.warnings);
    }
    case 'unavailable': {
      const message = 'the server is currently unable to handle the request';
      return refusalResponse(new Refusal(503, message, 'ServiceUnavailable'), call.warnings);
    }
    case 'dropBeforeCommit':
      return { kind: 'dropped' };
    default:
      return undefined;
  }
}

/** server/filters/timeout.go: the client cannot know whether the request was processed. */
function timeout(): ApiResponse {
  const message = 'Timeout: request did not complete within the allotted timeout';
  return refusalResponse(new Refusal(504, message, 'Timeout', {}), []);
}

async function cut(call: Call, stream: WatchStream, afterMs: number, how: 'end' | 'drop'): Promise<void> {
  try {
    await call.engine.clock.sleep(afterMs, stream.ended);
  } catch (error) {
    if (stream.ended.aborted) return;
    throw error;
  }
  if (how === 'end') stream.end();
  else stream.drop();
}

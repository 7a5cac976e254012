import { LinkedController } from '../time/linked-controller.ts';
import type { ApiResult, ObjectStore } from './object-store.ts';

/**
 * The cluster, as long as there is time. After that every request is answered here: a pass that is out of time ends
 * in good order, with what it has done and what it has not, instead of in the middle.
 */
export function untilDeadline(store: ObjectStore, timeIsUp: AbortSignal): ObjectStore {
  const inTime = async <T>(
    send: (until: AbortSignal) => Promise<ApiResult<T>>,
    signal: AbortSignal,
  ): Promise<ApiResult<T>> => {
    if (timeIsUp.aborted) return outOfTime(false);
    using until = new LinkedController(signal, timeIsUp);
    try {
      return await send(until.signal);
    } catch (error) {
      if (signal.aborted || error !== timeIsUp.reason) throw error;
      return outOfTime(true);
    }
  };
  return {
    list: (kind, scope, signal) => inTime((until) => store.list(kind, scope, until), signal),
    get: (reference, signal) => inTime((until) => store.get(reference, until), signal),
    create: (body, options, signal) => inTime((until) => store.create(body, options, until), signal),
    replace: (body, options, signal) => inTime((until) => store.replace(body, options, until), signal),
    apply: (body, options, signal) => inTime((until) => store.apply(body, options, until), signal),
    patch: (reference, patch, options, signal) =>
      inTime((until) => store.patch(reference, patch, options, until), signal),
    delete: (reference, options, signal) =>
      inTime((until) => store.delete(reference, options, until), signal),
    watch: (kind, scope, signal) => store.watch(kind, scope, signal),
  };
}

function outOfTime(outcomeUnknown: boolean) {
  return {
    ok: false,
    failure: {
      reason: 'PassTimeout',
      httpStatus: 0,
      message: 'the time of the pass was over before this was done; the next pass goes on',
      outcomeUnknown,
    },
  } as const;
}

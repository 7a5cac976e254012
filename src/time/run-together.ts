/** A task that goes on until `signal` aborts; then it resolves, or rejects with `signal.reason`. */
export type Task = (signal: AbortSignal) => Promise<void>;

/**
 * Runs tasks side by side until `signal` aborts; then resolves, when all of them have ended. One that fails
 * ends the others, and rejects the whole with its error: nothing goes on half alive.
 */
export async function runTogether(tasks: readonly Task[], signal: AbortSignal): Promise<void> {
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  const run = async (task: Task): Promise<void> => {
    try {
      await task(until);
    } catch (error) {
      if (until.aborted && error === until.reason) return;
      failed.abort(error);
      throw error;
    }
  };
  const ends = await Promise.allSettled(tasks.map(run));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

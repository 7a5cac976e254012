import { LinkedController } from './linked-controller.ts';

/** A task that goes on until `signal` aborts; then it resolves, or rejects with `signal.reason`. */
export type Task = (signal: AbortSignal) => Promise<void>;

/**
 * Runs tasks side by side until `signal` aborts; then resolves when all of them have ended. If one fails, the others
 * are ended too, and the whole rejects with its error.
 */
export async function runTogether(tasks: readonly Task[], signal: AbortSignal): Promise<void> {
  using until = new LinkedController(signal);
  const run = async (task: Task): Promise<void> => {
    try {
      await task(until.signal);
    } catch (error) {
      if (until.signal.aborted && error === until.signal.reason) return;
      until.abort(error);
      throw error;
    }
  };
  const ends = await Promise.allSettled(tasks.map(run));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

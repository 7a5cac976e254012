import { createTask, validateDetailed } from 'node-cron';
import type { Cron, CronSchedule } from '../time/cron.ts';
import { untilAborted } from '../time/on-abort.ts';

/** Schedules by node-cron. Overlap, errors and shutdown are handled here, because its `destroy` does not wait. */
export const nodeCron: Cron = {
  problemWith(expression) {
    const { valid, errors } = validateDetailed(expression);
    if (valid) return undefined;
    return errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  },

  async run({ expression, timezone, jitterMs }: CronSchedule, work, signal) {
    const failure = Promise.withResolvers<never>();
    let underWay: Promise<void> | undefined;
    const task = createTask(
      expression,
      () => {
        underWay = work().catch((error: unknown) => {
          if (!signal.aborted) failure.reject(error);
        });
        return underWay;
      },
      {
        noOverlap: true,
        maxRandomDelay: jitterMs,
        // A missed run is made up for by the next; no warning is needed.
        suppressMissedWarning: true,
        ...(timezone === undefined ? {} : { timezone }),
      },
    );
    try {
      await task.start();
      await untilAborted(signal, failure.promise);
    } finally {
      await task.destroy();
      await underWay;
    }
  },
};

import { CronJob } from './cron-job.ts';
import type { World } from './world.ts';

/** Passes that are not killed. */
export function calmJob(world: World, periodMs: number): CronJob {
  const rhythm = { name: 'calm', periodMs, offsetMs: 1_000, concurrency: 'Forbid' } as const;
  const { previews } = world.scenario;
  return new CronJob(world, { ...rhythm, machine: world.machines[0], previews }, () => undefined);
}

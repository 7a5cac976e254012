import { cpuUsage } from 'node:process';

/** What all threads of this process have used together, in milliseconds. */
export function cpuTimeOfProcess(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
}

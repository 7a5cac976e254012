import { type ChildProcess, fork } from 'node:child_process';
import type { SeedReport } from './tally.ts';

/** One seed for one process. */
export interface SeedTask {
  readonly seed: number;
  /** Whether a failing scenario is shrunk, which takes up to two hundred simulations. */
  readonly shrinks: boolean;
}

/** A seed without a report: its process died, or did not end in time. */
export interface Crash {
  readonly seed: number;
  readonly problem: string;
}

export interface CrewOptions {
  /** What each process runs. It receives one {@link SeedTask} at a time, and answers with a {@link SeedReport}. */
  readonly program: URL;
  readonly words: readonly string[];
  readonly processes: number;
  /** A seed that takes longer has failed. */
  readonly deadlineMs: number;
  readonly onReport: (report: SeedReport) => void;
  readonly onCrash: (crash: Crash) => void;
}

/** Runs all tasks in a few processes. If a process dies or does not end, only its seed is lost; another one replaces it. */
export async function simulateInProcesses(tasks: Iterable<SeedTask>, options: CrewOptions): Promise<void> {
  const waiting = tasks[Symbol.iterator]();
  await Promise.all(Array.from({ length: options.processes }, () => workOff(waiting, options)));
}

async function workOff(waiting: Iterator<SeedTask>, options: CrewOptions): Promise<void> {
  let child: ChildProcess | undefined;
  for (let next = waiting.next(); !next.done; next = waiting.next()) {
    if (!child?.connected) child = started(options);
    const outcome = await outcomeOf(child, next.value, options.deadlineMs);
    if ('result' in outcome) {
      options.onReport(outcome);
    } else {
      child = undefined;
      options.onCrash(outcome);
    }
  }
  if (child?.connected) child.disconnect();
}

function started({ program, words }: CrewOptions): ChildProcess {
  return fork(program, words, { serialization: 'advanced' });
}

function outcomeOf(child: ChildProcess, task: SeedTask, deadlineMs: number): Promise<SeedReport | Crash> {
  const { seed } = task;
  return new Promise((resolve) => {
    let isLate = false;
    const end = (outcome: SeedReport | Crash) => {
      clearTimeout(deadline);
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      resolve(outcome);
    };
    const onMessage = (report: unknown) => end(report as SeedReport);
    const onError = (error: Error) => end({ seed, problem: `its process: ${error.message}` });
    const onExit = (code: number | null, signal: string | null) => {
      const died = `its process ended with ${signal ?? code}`;
      end({ seed, problem: isLate ? `no end within ${deadlineMs / 1000} s` : died });
    };
    const deadline = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, deadlineMs);
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
    child.send(task);
  });
}

import { runPlan } from '../../../src/cli/plan.ts';
import { runRelease } from '../../../src/cli/release.ts';
import { runRun } from '../../../src/cli/run.ts';
import { runSync } from '../../../src/cli/sync.ts';
import { INSTANCE_NAME, type ProductProcess, STATE_NAMESPACE } from './product-process.ts';

const COMMON = {
  instance: INSTANCE_NAME,
  stateNamespace: STATE_NAMESPACE,
  policy: 'sync',
  timeout: 60_000,
} as const;

/** How a program ended: with an exit code, or with an uncaught error. */
export type ProgramEnd = number | string;

/** For the history: without the stack of an error, which changes with every line of code. */
export function endInShort(end: ProgramEnd): string {
  return String(end).split('\n')[0] ?? '';
}

/** `sync`, as a CronJob starts it. */
export function runSyncProgram({ context, listFlags }: ProductProcess): Promise<ProgramEnd> {
  return ended(runSync({ ...COMMON, ...listFlags, output: 'json', dryRun: 'none' }, context));
}

/** `plan`, as a person runs it. */
export function runPlanProgram({ context, listFlags }: ProductProcess): Promise<ProgramEnd> {
  return ended(runPlan({ ...COMMON, ...listFlags, output: 'json' }, context));
}

/** `run`, as a Deployment starts it: with the defaults of its flags. */
export function runRunProgram({ context, listFlags }: ProductProcess): Promise<ProgramEnd> {
  return ended(
    runRun(
      {
        ...COMMON,
        ...listFlags,
        logFormat: 'json',
        logLevel: 'info',
        listen: { host: '0.0.0.0', port: 8080 },
        leaderElect: 'true',
        leaseDuration: 15_000,
        renewDeadline: 10_000,
        retryPeriod: 2_000,
        cronJitter: 0,
        startupTimeout: 300_000,
      },
      context,
    ),
  );
}

/** `release`, as a person runs it. The Pods are ready as soon as the controllers have seen the selector. */
export function runReleaseProgram(
  { context }: ProductProcess,
  { key, toPods }: { readonly key: string; readonly toPods: boolean },
): Promise<ProgramEnd> {
  const [namespace = '', name = ''] = key.split('/');
  const selector = toPods ? { selector: { app: 'pods' } } : {};
  return ended(runRelease({ ...COMMON, ...selector, output: 'json' }, context, [[{ namespace, name }]]));
}

async function ended(program: Promise<number>): Promise<ProgramEnd> {
  try {
    return await program;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Hunted } from './hunt.ts';
import { MUTATIONS, type Mutation } from './mutations.ts';

/**
 * `npm run test:simulation -- --mutations [--full]`: the product with one mistake after the other, and how many seeds
 * the simulation needs to notice each; with --full, how many of all seeds notice it.
 *
 * @returns whether each mistake was noticed.
 */
export async function huntAll(
  isFull: boolean,
  onHunted: (mutation: Mutation, hunted: Hunted) => void,
): Promise<boolean> {
  const waiting = [...MUTATIONS];
  let allNoticed = true;
  const hunter = async () => {
    for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
      const hunted = await hunt(mutation, isFull);
      if (hunted.seed === undefined) allNoticed = false;
      onHunted(mutation, hunted);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, hunter));
  return allNoticed;
}

function hunt({ name }: Mutation, isFull: boolean): Promise<Hunted> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./hunt.ts', import.meta.url)), [
      name,
      ...(isFull ? ['--full'] : []),
    ]);
    let hunted: Hunted | undefined;
    child.on('message', (message) => {
      hunted = message as Hunted;
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (hunted !== undefined && code === 0) resolve(hunted);
      else reject(new Error(`the hunt for ${name} ended with ${code}`));
    });
  });
}

/** A row of Markdown: mutation, invariant, the first seed; with all seeds run, also the share that noticed it. */
export function rowOf(
  { mistake, breaks, withinSeeds }: Mutation,
  { seed, invariant, seeds, noticedBy }: Hunted,
  isFull: boolean,
): string {
  const needed = seed === undefined ? `not within ${withinSeeds}` : `${seed}`;
  const share = isFull ? ` ${noticedBy} of ${seeds} |` : '';
  return `| ${mistake} | ${invariant ?? breaks.join(' or ')} | ${needed} |${share}`;
}

/** The arguments of the simulation's command line. */
export interface RunnerArguments {
  readonly from: number;
  readonly seeds: number;
  /** Processes at a time. */
  readonly processes: number;
  /** Simulate the product with one mistake after the other instead: each must be noticed. */
  readonly mutations: boolean;
  /** Of mutations: run all seeds, and count those that notice each mistake. */
  readonly full: boolean;
  /** Simulate every kept scenario instead: each must hold. */
  readonly kept: boolean;
  /** Write each failing scenario to the kept ones. */
  readonly keep: boolean;
  /** Print a line with the digest of each history. */
  readonly digests: boolean;
  /** Print the whole story of each seed, whether it fails or not. */
  readonly story: boolean;
  /** Leave a failing scenario as it is. */
  readonly shrink: boolean;
  /** How long one seed may take, or its shrinking. */
  readonly deadlineSeconds: number;
}

export const USAGE = `usage: npm run test:simulation -- [--seeds N] [--from S] [--processes P] [--deadline SECONDS] [--digests] [--story] [--no-shrink] [--keep]
       npm run test:simulation -- --mutations [--full]
       npm run test:simulation -- --kept`;

/** @throws with a line for people. */
export function parseArguments(words: readonly string[], cores: number): RunnerArguments {
  const numbers: Record<string, number> = {
    '--seeds': 200,
    '--from': 1,
    '--processes': cores,
    '--deadline': 300,
  };
  const flags = new Set<string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word in numbers) numbers[word] = wholeNumber(word, words[++at]);
    else if (
      ['--digests', '--story', '--no-shrink', '--mutations', '--kept', '--keep', '--full'].includes(word)
    )
      flags.add(word);
    else throw new Error(`unknown argument ${word}\n${USAGE}`);
  }
  return {
    from: numbers['--from'] ?? 1,
    seeds: numbers['--seeds'] ?? 0,
    processes: numbers['--processes'] ?? 1,
    deadlineSeconds: numbers['--deadline'] ?? 0,
    mutations: flags.has('--mutations'),
    full: flags.has('--full'),
    kept: flags.has('--kept'),
    keep: flags.has('--keep'),
    digests: flags.has('--digests'),
    story: flags.has('--story'),
    shrink: !flags.has('--no-shrink'),
  };
}

function wholeNumber(flag: string, text: string | undefined): number {
  const value = Number(text);
  if (text === undefined || !Number.isSafeInteger(value) || value < 0)
    throw new Error(`${flag} takes a whole number\n${USAGE}`);
  return value;
}

import { growthExponent, type Measured, sizesOf } from '../support/bench-sizes.ts';
import { ManyTargets } from '../support/many-targets.ts';
import { printResult } from '../support/probing-load.ts';

/**
 * What `sync` costs at growing numbers of targets with two TCP-checked addresses each, on the embedded API server and
 * over real sockets: `cold` publishes all, `unchanged` has nothing to write. A JSON line a result: `passMs` is the
 * pass as its own report has it, `wallMs` from the start of the process to its end, `cpuMs` the CPU time of the
 * process, `peakRssMiB` the most memory it had. `exponent` says how each grew since the size before; the last lines say
 * it from the smallest to the largest size of 1,000 or more. `node test/bench/sync.ts [--smoke] [TARGETS…]`.
 */
const SIZES = sizesOf(process.argv.slice(2), 100, [100, 1_000, 3_000, 10_000]);
const FIGURES = ['passMs', 'wallMs', 'cpuMs', 'peakRssMiB'] as const;
/** With fewer targets the start of the process is most of the time. */
const COUNTS_FROM = 1_000;

const measured = { cold: [] as Measured[], unchanged: [] as Measured[] };
for (const targets of SIZES) {
  await using setup = await ManyTargets.start(targets);
  for (const name of ['cold', 'unchanged'] as const) {
    const result = await syncOnce(setup, name);
    const before = measured[name].at(-1);
    measured[name].push(result);
    printResult('sync', { name, ...result, exponent: exponents(before, result) });
  }
}
for (const [name, results] of Object.entries(measured)) {
  const counted = results.filter(({ targets = 0 }) => targets >= COUNTS_FROM);
  const [from, to] = [counted[0], counted.at(-1)];
  if (from === undefined || from === to) continue;
  printResult('sync', { name, from: from.targets, to: to?.targets, exponent: exponents(from, to) });
}

async function syncOnce(setup: ManyTargets, name: 'cold' | 'unchanged'): Promise<Measured> {
  const process = setup.start('sync', ['--output', 'json', '--timeout', '30m']);
  const { cpuMs, peakRssMiB } = await process.untilEnded();
  const wallMs = Math.round(process.elapsedMs);
  const { summary } = JSON.parse(process.stdout) as { summary: Record<string, number> };
  const written = (summary.created ?? 0) + (summary.updated ?? 0) + (summary.deleted ?? 0);
  if (setup.published !== setup.targets || (name === 'unchanged') !== (written === 0))
    throw new Error(`${setup.published} targets are published: ${JSON.stringify(summary)}`);
  const { requests = 0, durationMs = 0 } = summary;
  return {
    targets: setup.targets,
    requests,
    written,
    passMs: Math.round(durationMs),
    wallMs,
    cpuMs,
    peakRssMiB,
  };
}

function exponents(from: Measured | undefined, to: Measured | undefined): object {
  return Object.fromEntries(FIGURES.map((figure) => [figure, growthExponent(figure, from, to)]));
}

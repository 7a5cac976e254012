import { systemClock } from '../../src/io/system-clock.ts';
import { growthExponent, type Measured, sizesOf } from '../support/bench-sizes.ts';
import { ManyTargets, type MeasuredProcess } from '../support/many-targets.ts';
import { MetricsReading } from '../support/metrics-reading.ts';
import { printResult, rounded } from '../support/probing-load.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * What `run` costs at growing numbers of targets with two TCP-checked addresses each, on the embedded API server and
 * over real sockets, two JSON lines a size: `published` is from the start of the process until all addresses are ready
 * in the cluster; `steady` is after that, when nothing changes and every address is probed each ten seconds. The last
 * line says how the figures of `published` grew from the smallest to the largest size of 1,000 or more.
 * `node test/bench/run.ts [--smoke] [TARGETS…]`.
 */
const SMOKE = process.argv.includes('--smoke');
const SIZES = sizesOf(process.argv.slice(2), 100, [100, 1_000, 3_000, 10_000]);
const FIGURES = ['wallMs', 'cpuMs', 'peakRssMiB'] as const;
const COUNTS_FROM = 1_000;
const PUBLISHED_WITHIN_MS = 10 * 60_000;
const STEADY_MS = SMOKE ? 2_000 : 20_000;

const measured: Measured[] = [];
for (const targets of SIZES) {
  await using setup = await ManyTargets.start(targets);
  const worker = setup.start('run', ['--listen', '127.0.0.1:0', '--log-format', 'json']);
  const result = await untilPublished(setup, worker);
  printResult('run', { name: 'published', ...result, exponent: exponents(measured.at(-1), result) });
  measured.push(result);
  printResult('run', { name: 'steady', targets, ...(await steady(worker)) });
  worker.terminate();
  await worker.untilEnded();
}
const counted = measured.filter(({ targets = 0 }) => targets >= COUNTS_FROM);
const [from, to] = [counted[0], counted.at(-1)];
if (from !== undefined && from !== to)
  printResult('run', {
    name: 'published',
    from: from.targets,
    to: to?.targets,
    exponent: exponents(from, to),
  });

async function untilPublished(setup: ManyTargets, worker: MeasuredProcess): Promise<Measured> {
  const isOver = () => worker.hasEnded || setup.published === setup.targets;
  await waitFor('every target to be published', isOver, { deadlineMs: PUBLISHED_WITHIN_MS });
  if (worker.hasEnded) throw new Error(`it ended: ${worker.stderr}`);
  const wallMs = Math.round(worker.elapsedMs);
  return { targets: setup.targets, wallMs, ...(await worker.cost()) };
}

async function steady(worker: MeasuredProcess): Promise<object> {
  const port = /"msg":"[^"]*port (\d+)/.exec(worker.stderr)?.[1];
  const reading = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    return new MetricsReading(await response.text()).sum('probes_total');
  };
  const [probesBefore, costBefore, startedMs] = [await reading(), await worker.cost(), performance.now()];
  await systemClock.sleep(STEADY_MS, new AbortController().signal);
  const [costAfter, elapsedMs] = [await worker.cost(), performance.now() - startedMs];
  const probes = (await reading()) - probesBefore;
  return {
    probesPerSecond: Math.round((probes / elapsedMs) * 1000),
    coreShare: rounded((costAfter.cpuMs - costBefore.cpuMs) / elapsedMs),
    peakRssMiB: costAfter.peakRssMiB,
  };
}

function exponents(from: Measured | undefined, to: Measured | undefined): object {
  return Object.fromEntries(FIGURES.map((figure) => [figure, growthExponent(figure, from, to)]));
}

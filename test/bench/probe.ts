import { connect } from 'node:net';
import type { Check } from '../../src/health/health.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { ListenerProcess } from '../support/listener-process.ts';
import {
  busyMonitor,
  loopbackAddress,
  loopbackChecks,
  percentile,
  printResult,
  proberForComparison,
} from '../support/probing-load.ts';
import { StoppableClock } from '../support/stoppable-clock.ts';

/**
 * What a probe costs, against a bare net.connect to the same listener in the same process; a JSON line each:
 *
 * - `probe.hotCpu`: both as fast as they go, 64 at a time;
 * - `probe.pacedCpu`: both at the pace of ten thousand addresses every ten seconds; on our side with all that a
 *   monitor does: schedule, jitter, bounds, time-outs, hysteresis.
 *
 * The sides take turns, first the one and then the other first, and each pair of neighbours gives one ratio: what
 * else the machine does weighs on both. Both close in good order as soon as they are connected. The first quarter
 * of the pairs warms up and is not counted.
 */
const SMOKE = process.argv.includes('--smoke');
const ADDRESSES = SMOKE ? 1_000 : 10_000;
const INTERVAL_MS = SMOKE ? 2_000 : 10_000;
const HOT = { roundMs: 100, pairs: SMOKE ? 4 : 200 };
const PACED = { roundMs: SMOKE ? 200 : 500, pairs: SMOKE ? 4 : 80 };

/** CPU microseconds a probe, of one round. */
type Side = () => Promise<number>;

interface Pair {
  readonly ours: number;
  readonly bare: number;
}

async function takeTurns(ours: Side, bare: Side, pairs: number): Promise<readonly Pair[]> {
  const measured: Pair[] = [];
  for (let at = 0; at < pairs; at += 1) {
    if (at % 2 === 0) measured.push({ ours: await ours(), bare: await bare() });
    else {
      const other = await bare();
      measured.push({ ours: await ours(), bare: other });
    }
  }
  return measured.slice(Math.floor(pairs / 4));
}

function figuresOf(pairs: readonly Pair[]) {
  const ratios = pairs.map(({ ours, bare }) => ours / bare);
  const of = (values: number[], share: number) => percentile(values, share);
  return {
    pairs: pairs.length,
    cpuUsPerProbe: of(
      pairs.map(({ ours }) => ours),
      0.5,
    ),
    cpuUsPerBareConnect: of(
      pairs.map(({ bare }) => bare),
      0.5,
    ),
    ratioMedian: of(ratios, 0.5),
    ratioLowerQuartile: of(ratios, 0.25),
    ratioUpperQuartile: of(ratios, 0.75),
  };
}

/** Built before the measurement, like those of the checks. */
const HOSTS = Array.from({ length: ADDRESSES }, (_, at) => loopbackAddress(at));

/** A plain connect without a timeout; our probe has a timeout only in the paced case. */
function bareConnect(port: number, at: number, onDone: () => void): void {
  const socket = connect({ host: HOSTS[at], port });
  socket.on('connect', () => {
    socket.destroy();
    onDone();
  });
  socket.on('error', onDone);
}

async function hotCpu(sink: ListenerProcess): Promise<void> {
  const checks = loopbackChecks(sink.port, 0, ADDRESSES, INTERVAL_MS);
  const prober = proberForComparison(systemClock);
  // As in the monitor: one signal for all probes under way.
  const { signal } = new AbortController();
  // Neither side has an additional promise.
  const ours = asFastAsItGoes((at) => prober(checks[at] as Check, signal));
  const bare = asFastAsItGoes((at) => new Promise<void>((resolve) => bareConnect(sink.port, at, resolve)));
  printResult('probe.hotCpu', { inFlight: 64, ...figuresOf(await takeTurns(ours, bare, HOT.pairs)) });
}

function asFastAsItGoes(one: (at: number) => Promise<unknown>): Side {
  return async () => {
    const endsMs = performance.now() + HOT.roundMs;
    const before = process.cpuUsage();
    let done = 0;
    const worker = async () => {
      while (performance.now() < endsMs) {
        await one(done % ADDRESSES);
        done += 1;
      }
    };
    await Promise.all(Array.from({ length: 64 }, worker));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / done;
  };
}

async function pacedCpu(sink: ListenerProcess): Promise<void> {
  let done = 0;
  const onDone = () => {
    done += 1;
  };
  const clock = new StoppableClock();
  clock.stop();
  const checks = loopbackChecks(sink.port, 0, ADDRESSES, INTERVAL_MS);
  const monitor = busyMonitor(checks, clock, onDone);
  const stop = new AbortController();
  const running = monitor.run(stop.signal).catch(() => undefined);
  const measured = async () => {
    // By then all connections of the other side have ended.
    await systemClock.sleep(PACED.roundMs / 5, stop.signal);
    const [before, usage] = [done, process.cpuUsage()];
    await systemClock.sleep(PACED.roundMs, stop.signal);
    const { user, system } = process.cpuUsage(usage);
    return (user + system) / (done - before);
  };
  const ours = async () => {
    clock.start();
    const cost = await measured();
    clock.stop();
    return cost;
  };
  const bare = async () => {
    const stopBare = pacedConnects(sink.port, onDone);
    const cost = await measured();
    stopBare();
    return cost;
  };
  const figures = figuresOf(await takeTurns(ours, bare, PACED.pairs));
  clock.start();
  stop.abort(new Error('done'));
  await running;
  printResult('probe.pacedCpu', { addresses: ADDRESSES, intervalMs: INTERVAL_MS, ...figures });
}

/** A timer for the pace, in groups of the monitor's size. */
function pacedConnects(port: number, onDone: () => void): () => void {
  let [owed, next, lastMs] = [0, 0, performance.now()];
  const timer = setInterval(() => {
    const nowMs = performance.now();
    owed += ((nowMs - lastMs) / INTERVAL_MS) * ADDRESSES;
    lastMs = nowMs;
    for (; owed >= 1; owed -= 1) {
      bareConnect(port, next, onDone);
      next = (next + 1) % ADDRESSES;
    }
  }, INTERVAL_MS / 100);
  return () => clearInterval(timer);
}

await using sink = await ListenerProcess.sink();
await hotCpu(sink);
await pacedCpu(sink);

import { systemClock } from '../../src/io/system-clock.ts';
import { ListenerProcess } from '../support/listener-process.ts';
import {
  busyMonitor,
  loopbackChecks,
  MAX_IN_FLIGHT,
  percentile,
  printResult,
  rounded,
} from '../support/probing-load.ts';

/**
 * How punctual the schedule is, `probe.drift`: ten thousand addresses every ten seconds, known healthy, a third of
 * which has just gone dark (its listener's backlog is full, so SYNs vanish). Beside it how late a plain timer is in
 * the same process at the same time: nothing that lives by timers can be more punctual.
 */
const SMOKE = process.argv.includes('--smoke');
const ADDRESSES = SMOKE ? 1_000 : 10_000;
const INTERVAL_MS = SMOKE ? 2_000 : 10_000;

const never = new AbortController().signal;

await using sink = await ListenerProcess.sink();
await using full = await ListenerProcess.full();
const third = Math.floor(ADDRESSES / 3);
const checks = [
  ...loopbackChecks(full.port, 0, third, INTERVAL_MS),
  ...loopbackChecks(sink.port, third, ADDRESSES, INTERVAL_MS),
];
const driftsMs = { healthy: [] as number[], blackholed: [] as number[] };
const latenciesMs: number[] = [];
let [mostInFlight, wrong, drained, lastDrainMs] = [0, 0, 0, 0];
const startedMs = performance.now();
const monitor = busyMonitor(
  checks,
  systemClock,
  ({ check, sample, before, after, dueMs, startedMs: atMs }) => {
    const dark = check.port === full.port;
    driftsMs[dark ? 'blackholed' : 'healthy'].push(atMs - dueMs);
    if (!dark) latenciesMs.push(sample.latencyMs);
    mostInFlight = Math.max(mostInFlight, monitor.inFlight);
    if (sample.healthy === dark) wrong += 1;
    if (before.verdict === 'healthy' && after.verdict === 'unhealthy') {
      drained += 1;
      lastDrainMs = performance.now() - startedMs;
    }
  },
);
const durationMs = 3 * INTERVAL_MS + 10_000;
const timers = timerLateness();
const usage = process.cpuUsage();
const stop = new AbortController();
const running = monitor.run(stop.signal).catch(() => undefined);
await systemClock.sleep(durationMs, never);
const { user, system } = process.cpuUsage(usage);
const timerLatenessMs = timers.stop();
stop.abort(new Error('done'));
await running;
printResult('probe.drift', {
  addresses: ADDRESSES,
  intervalMs: INTERVAL_MS,
  blackholed: third,
  drained,
  wrong,
  lastDrainMs: Math.round(lastDrainMs),
  mostInFlight,
  maxInFlight: MAX_IN_FLIGHT,
  healthyDriftP50Ms: percentile(driftsMs.healthy, 0.5),
  healthyDriftP99Ms: percentile(driftsMs.healthy, 0.99),
  healthyDriftMaxMs: percentile(driftsMs.healthy, 1),
  healthyLatencyP99Ms: percentile(latenciesMs, 0.99),
  timerLatenessP99Ms: percentile(timerLatenessMs, 0.99),
  blackholedDriftP99Ms: percentile(driftsMs.blackholed, 0.99),
  probes: driftsMs.healthy.length + driftsMs.blackholed.length,
  coreShare: rounded((user + system) / 1_000 / durationMs),
});

function timerLateness(): { stop(): number[] } {
  const latenessMs: number[] = [];
  let expectedMs = performance.now() + 50;
  let timer: NodeJS.Timeout;
  const tick = () => {
    const nowMs = performance.now();
    latenessMs.push(nowMs - expectedMs);
    expectedMs = nowMs + 50;
    timer = setTimeout(tick, 50);
  };
  timer = setTimeout(tick, 50);
  return {
    stop: () => {
      clearTimeout(timer);
      return latenessMs;
    },
  };
}

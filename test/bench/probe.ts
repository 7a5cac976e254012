import { connect } from 'node:net';
import type { Check, Health } from '../../src/health/health.ts';
import { notCheckedYet, observe } from '../../src/health/hysteresis.ts';
import { Monitor, type Observation } from '../../src/health/monitor.ts';
import { proberOver } from '../../src/health/probe.ts';
import { CloseBudget } from '../../src/io/close-budget.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import { TcpDialer } from '../../src/io/tcp-dialer.ts';
import type { Clock } from '../../src/target/clock.ts';
import { checkAt } from '../support/checks.ts';
import { ListenerProcess } from '../support/listener-process.ts';

/**
 * Probes over real sockets to this host's 127.0.0.0/8, a JSON line each:
 *
 * - `probe.hotCpu`: the CPU of a probe against that of a bare net.connect, both as fast as they go;
 * - `probe.pacedCpu`: the same at the pace of ten thousand addresses every ten seconds, with all that a monitor does;
 * - `probe.drift`: how punctual the schedule is at that pace while a third of the addresses swallows SYNs.
 */
const SMOKE = process.argv.includes('--smoke');
const ADDRESSES = SMOKE ? 1_000 : 10_000;
const INTERVAL_MS = SMOKE ? 2_000 : 10_000;
const MAX_IN_FLIGHT = 2_048;
const ROUND_MS = SMOKE ? 1_000 : 4_000;
const ROUNDS = SMOKE ? 2 : 7;

/** A plain connect closes in good order, so for comparison a probe always does too. */
const LIKE_WITH_LIKE = new CloseBudget(Number.MAX_SAFE_INTEGER);

interface Cost {
  cpuUs: number;
  probes: number;
}

function addressOf(at: number): string {
  return `127.${64 + (at >> 14)}.${(at >> 7) & 127}.${(at & 127) + 1}`;
}

function checksAt(port: number, from: number, to: number): Check[] {
  const settings = { intervalMs: INTERVAL_MS, fastIntervalMs: 1_000 };
  return Array.from({ length: to - from }, (_, at) => checkAt(`${addressOf(from + at)}:${port}`, settings));
}

const HEALTHY: Health = ['S', 'S'].reduce<Health>(
  (health) =>
    observe(
      health,
      { healthy: true, reason: 'Connected', message: 'connected', latencyMs: 1 },
      { healthyThreshold: 2, unhealthyThreshold: 3 },
      0,
    ),
  notCheckedYet(0),
);

function monitorOf(
  checks: readonly Check[],
  clock: Clock,
  onObservation: (observation: Observation) => void,
): Monitor {
  const monitor = new Monitor({
    prober: proberOver(new TcpDialer(clock, LIKE_WITH_LIKE), clock),
    clock,
    random: systemRandom,
    maxInFlight: MAX_IN_FLIGHT,
    onObservation,
  });
  for (const check of checks) monitor.add(check, { health: HEALTHY, spread: true });
  return monitor;
}

/** The system's clock, but it can be stopped: what lives by it then does nothing at all. */
class StoppableClock implements Clock {
  #offsetMs = 0;
  #stoppedAtMs: number | undefined;
  #going: Promise<void> = Promise.resolve();
  #go: () => void = () => undefined;

  wallNow(): number {
    return systemClock.wallNow();
  }

  monotonicNow(): number {
    return (this.#stoppedAtMs ?? performance.now()) - this.#offsetMs;
  }

  async sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    await systemClock.sleep(durationMs, signal);
    await this.#going;
    signal.throwIfAborted();
  }

  stop(): void {
    this.#stoppedAtMs = performance.now();
    this.#going = new Promise((resolve) => {
      this.#go = resolve;
    });
  }

  start(): void {
    this.#offsetMs += performance.now() - (this.#stoppedAtMs ?? performance.now());
    this.#stoppedAtMs = undefined;
    this.#go();
  }
}

const never = new AbortController().signal;

/** What goes on anyway costs so much; its beginning is left out. */
async function costOf(durationMs: number, count: () => number): Promise<Cost> {
  await systemClock.sleep(durationMs / 5, never);
  const [before, usage] = [count(), process.cpuUsage()];
  await systemClock.sleep(durationMs, never);
  const { user, system } = process.cpuUsage(usage);
  return { cpuUs: user + system, probes: count() - before };
}

/** What anybody would write: connect, close, and a timer for the pace, in groups as large as the monitor's. */
function bareConnects(port: number, onDone: () => void): () => void {
  const tickMs = INTERVAL_MS / 200;
  let [owed, next, lastMs] = [0, 0, performance.now()];
  const timer = setInterval(() => {
    const nowMs = performance.now();
    owed += ((nowMs - lastMs) / INTERVAL_MS) * ADDRESSES;
    lastMs = nowMs;
    for (; owed >= 1; owed -= 1) {
      const socket = connect({ host: addressOf(next), port });
      next = (next + 1) % ADDRESSES;
      socket.on('connect', () => {
        socket.destroy();
        onDone();
      });
      socket.on('error', onDone);
    }
  }, tickMs);
  return () => clearInterval(timer);
}

/** As many as a core can do: `one` again and again, so many at a time. */
async function hotCost(one: (at: number) => Promise<unknown>): Promise<number> {
  const endsMs = performance.now() + ROUND_MS / 4;
  const usage = process.cpuUsage();
  let done = 0;
  const worker = async () => {
    while (performance.now() < endsMs) {
      await one(done % ADDRESSES);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  const { user, system } = process.cpuUsage(usage);
  return (user + system) / done;
}

async function hotCpu(sink: ListenerProcess): Promise<void> {
  const checks = checksAt(sink.port, 0, ADDRESSES);
  const prober = proberOver(new TcpDialer(systemClock, LIKE_WITH_LIKE), systemClock);
  const probe = async (at: number) => {
    const check = checks[at];
    if (check !== undefined) await prober(check, new AbortController().signal);
  };
  const bare = (at: number) =>
    new Promise<void>((resolve) => {
      const socket = connect({ host: addressOf(at), port: sink.port });
      socket.on('connect', () => {
        socket.destroy();
        resolve();
      });
      socket.on('error', () => resolve());
    });
  const rounds: { probing: number; plain: number }[] = [];
  for (let round = 0; round < 4 * ROUNDS; round += 1) {
    const measured = { probing: await hotCost(probe), plain: await hotCost(bare) };
    // The first rounds warm both up.
    if (round >= ROUNDS) rounds.push(measured);
  }
  print('probe.hotCpu', { inFlight: 64, ...compared(rounds) });
}

/** Figures of rounds in which one thing was held against another. */
function compared(rounds: readonly { probing: number; plain: number }[]) {
  const ratios = rounds.map(({ probing, plain }) => probing / plain);
  return {
    rounds: rounds.length,
    cpuUsPerProbe: percentile(
      rounds.map(({ probing }) => probing),
      0.5,
    ),
    cpuUsPerBareConnect: percentile(
      rounds.map(({ plain }) => plain),
      0.5,
    ),
    ratioP50: percentile(ratios, 0.5),
    ratioP10: percentile(ratios, 0.1),
    ratioP90: percentile(ratios, 0.9),
  };
}

async function pacedCpu(sink: ListenerProcess): Promise<void> {
  const clock = new StoppableClock();
  let done = 0;
  const count = () => done;
  const onDone = () => {
    done += 1;
  };
  const monitor = monitorOf(checksAt(sink.port, 0, ADDRESSES), clock, onDone);
  const stop = new AbortController();
  const running = monitor.run(stop.signal).catch(() => undefined);
  const rounds: { probing: number; plain: number }[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const probing = await costOf(ROUND_MS, count);
    clock.stop();
    const stopBare = bareConnects(sink.port, onDone);
    const plain = await costOf(ROUND_MS, count);
    stopBare();
    clock.start();
    // The first round warms both up.
    if (round > 0)
      rounds.push({ probing: probing.cpuUs / probing.probes, plain: plain.cpuUs / plain.probes });
  }
  stop.abort(new Error('done'));
  await running;
  print('probe.pacedCpu', { addresses: ADDRESSES, intervalMs: INTERVAL_MS, ...compared(rounds) });
}

async function drift(sink: ListenerProcess, full: ListenerProcess): Promise<void> {
  const third = Math.floor(ADDRESSES / 3);
  const checks = [...checksAt(full.port, 0, third), ...checksAt(sink.port, third, ADDRESSES)];
  const driftsMs = { healthy: [] as number[], blackholed: [] as number[] };
  let [mostInFlight, wrong, drained] = [0, 0, 0];
  let lastDrainMs = 0;
  const startedMs = performance.now();
  const monitor = monitorOf(
    checks,
    systemClock,
    ({ check, sample, before, after, dueMs, startedMs: atMs }) => {
      const dark = check.port === full.port;
      driftsMs[dark ? 'blackholed' : 'healthy'].push(atMs - dueMs);
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
  print('probe.drift', {
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
    timerLatenessP99Ms: percentile(timerLatenessMs, 0.99),
    blackholedDriftP99Ms: percentile(driftsMs.blackholed, 0.99),
    probes: driftsMs.healthy.length + driftsMs.blackholed.length,
    coreShare: rounded((user + system) / 1_000 / durationMs),
  });
}

/** How late a plain timer is in this process at this moment: nothing that lives by timers can be more punctual. */
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

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function print(bench: string, result: object): void {
  process.stdout.write(`${JSON.stringify({ bench, ...result })}\n`);
}

await using sink = await ListenerProcess.sink();
await using full = await ListenerProcess.full();
await hotCpu(sink);
await pacedCpu(sink);
await drift(sink, full);

import { describe, expect, it } from 'vitest';
import type { Check } from '../../../src/health/health.ts';
import { notCheckedYet, observe } from '../../../src/health/hysteresis.ts';
import { Monitor, type Observation } from '../../../src/health/monitor.ts';
import { proberOver } from '../../../src/health/probe.ts';
import { checkAt } from '../../support/checks.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { ScriptedNetwork } from '../../support/scripted-network.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const SUCCESS = { healthy: true, reason: 'Connected', message: 'connected', latencyMs: 1 } as const;
const HEALTHY = observe(notCheckedYet(0), SUCCESS, { healthyThreshold: 1, unhealthyThreshold: 1 }, 0);

function watching({ maxInFlight = 100, seed = 1 } = {}) {
  const clock = new ManualClock();
  const network = new ScriptedNetwork(clock);
  const observations: (Observation & { atMs: number })[] = [];
  const monitor = new Monitor({
    prober: proberOver(network, clock),
    clock,
    random: seededRandom(seed),
    maxInFlight,
    onObservation: (observation) => observations.push({ ...observation, atMs: clock.monotonicNow() }),
  });
  const abort = new AbortController();
  const running = monitor.run(abort.signal);
  const ended = running.catch((error: unknown) => error);
  const stop = async () => {
    const reason = new Error('stopped');
    abort.abort(reason);
    expect(await ended).toBe(reason);
    expect(network.inFlight).toBe(0);
    expect(clock.sleeping).toBe(0);
  };
  return { clock, network, monitor, observations, stop, ended };
}

function offsets(network: ScriptedNetwork, where: string): number[] {
  return network.dialsTo(where).map((dial) => dial.atMs - 1_000);
}

describe('Monitor', () => {
  const one = checkAt('10.0.0.1:80');

  it('probes a new address at once, then fastInterval apart, then by the interval', async () => {
    const { clock, network, monitor, stop } = watching();
    monitor.add(one);
    expect(monitor.health(one.id)).toMatchObject({ verdict: 'unknown', reason: 'NotCheckedYet' });
    await clock.advance(1_000);
    expect(offsets(network, '10.0.0.1:80')).toEqual([0, 1_000]);
    expect(monitor.health(one.id)).toMatchObject({ verdict: 'healthy' });
    await clock.advance(60_000);
    const [, , third = 0, ...later] = offsets(network, '10.0.0.1:80');
    // Its place in the interval is chosen at random once.
    expect(third).toBeGreaterThanOrEqual(1_000);
    expect(third).toBeLessThanOrEqual(11_050);
    let before = third;
    for (const at of later) {
      expect(at - before).toBeGreaterThanOrEqual(10_000 * 0.95 - 50);
      expect(at - before).toBeLessThanOrEqual(10_000 * 1.05 + 55);
      before = at;
    }
    expect(later.length).toBeGreaterThanOrEqual(4);
    await stop();
  });

  it('changes the verdict after exactly unhealthyThreshold failures, and reports the time', async () => {
    const { clock, network, monitor, observations, stop } = watching();
    monitor.add(one, { health: HEALTHY, spread: true });
    await clock.advance(12_000);
    expect(monitor.health(one.id)?.verdict).toBe('healthy');
    network.set('10.0.0.1:80', { does: 'fail', code: 'ECONNREFUSED' });
    observations.length = 0;
    await clock.advance(15_000);
    const verdicts = observations.map(({ after }) => `${after.verdict} ${after.streak}`);
    expect(verdicts.slice(0, 3)).toEqual(['healthy 1', 'healthy 2', 'unhealthy 0']);
    const [first, second, third] = observations.map(({ startedMs }) => startedMs);
    expect([(second ?? 0) - (first ?? 0), (third ?? 0) - (second ?? 0)]).toEqual([1_000, 1_000]);
    await stop();
  });

  it('starts known addresses spread evenly over their interval', async () => {
    const { clock, network, monitor, stop } = watching({ maxInFlight: 5_000 });
    const checks = Array.from({ length: 1_000 }, (_, at) => checkAt(`10.1.${at >> 8}.${at & 255}:80`));
    for (const check of checks) monitor.add(check, { health: HEALTHY, spread: true });
    const perSecond: number[] = [];
    for (let second = 0; second < 10; second += 1) {
      const before = network.dials.length;
      await clock.advance(1_000);
      perSecond.push(network.dials.length - before);
    }
    expect(Math.min(...perSecond)).toBeGreaterThan(60);
    expect(Math.max(...perSecond)).toBeLessThan(140);
    await stop();
  });

  it('spreads checks that started together', async () => {
    const { clock, network, monitor, stop } = watching({ maxInFlight: 5_000 });
    const checks = Array.from({ length: 500 }, (_, at) => checkAt(`10.1.${at >> 8}.${at & 255}:80`));
    for (const check of checks) monitor.add(check);
    await clock.advance(500);
    expect(network.dials).toHaveLength(500);
    await clock.advance(20_000);
    const before = network.dials.length;
    const perSecond: number[] = [];
    for (let second = 0; second < 10; second += 1) {
      const start = network.dials.length;
      await clock.advance(1_000);
      perSecond.push(network.dials.length - start);
    }
    expect(network.dials.length - before).toBeGreaterThan(450);
    expect(Math.max(...perSecond)).toBeLessThan(100);
    await stop();
  });

  it('keeps within its limit, with one connection for each address', async () => {
    const { clock, network, monitor, stop } = watching({ maxInFlight: 10 });
    for (let at = 0; at < 60; at += 1) {
      const check = checkAt(`10.0.0.${(at % 20) + 1}:${80 + Math.floor(at / 20)}`);
      network.set(`${check.address}:${check.port}`, { does: 'accept', afterMs: 30 });
      monitor.add(check);
    }
    await clock.advance(5_000);
    expect(network.mostInFlight).toBe(10);
    expect(network.mostAtOneAddress).toBe(1);
    expect(new Set(network.dials.map(({ address, port }) => `${address}:${port}`)).size).toBe(60);
    await stop();
  });

  it('does not let a third of silent hosts delay the others', async () => {
    const { clock, network, monitor, observations, stop } = watching({ maxInFlight: 64 });
    const checks = Array.from({ length: 90 }, (_, at) => checkAt(`10.0.0.${at + 1}:80`));
    for (const check of checks) monitor.add(check, { health: HEALTHY, spread: true });
    const isDark = (check: Check) => Number(check.address.split('.')[3]) % 3 === 0;
    for (const check of checks.filter(isDark)) network.set(`${check.address}:80`, { does: 'swallow' });
    await clock.advance(40_000);
    for (const { check, dueMs, startedMs, after } of observations) {
      if (isDark(check)) continue;
      expect(after.verdict).toBe('healthy');
      expect(startedMs - dueMs).toBeLessThanOrEqual(10);
    }
    for (const check of checks) {
      expect(monitor.health(check.id)?.verdict).toBe(isDark(check) ? 'unhealthy' : 'healthy');
    }
    await stop();
  });

  it('drops a removed check in each of its states', async () => {
    const { clock, network, monitor, observations, stop } = watching({ maxInFlight: 1 });
    const [flying, waiting, queued] = [one, checkAt('10.0.0.2:80'), checkAt('10.0.0.1:81')];
    network.set('10.0.0.1:80', { does: 'swallow' });
    for (const check of [flying, waiting, queued]) monitor.add(check);
    await clock.advance(100);
    expect(network.dials).toHaveLength(1);
    for (const check of [flying, waiting, queued]) monitor.remove(check.id);
    expect(monitor.health(one.id)).toBeUndefined();
    await clock.advance(30_000);
    expect(network.dials).toHaveLength(1);
    expect(observations).toEqual([]);
    await stop();
  });

  it('accepts a check again while its old probe is still in flight, one probe at a time', async () => {
    const { clock, network, monitor, observations, stop } = watching();
    network.set('10.0.0.1:80', { does: 'swallow' });
    monitor.add(one);
    await clock.advance(100);
    monitor.remove(one.id);
    monitor.add(one);
    network.set('10.0.0.1:80', { does: 'accept' });
    await clock.advance(5_000);
    expect(network.mostAtOneAddress).toBe(1);
    expect(offsets(network, '10.0.0.1:80').slice(0, 2)).toEqual([0, 2_000]);
    expect(observations.every(({ sample }) => sample.healthy)).toBe(true);
    await stop();
  });

  it('changes no verdict when the wall clock jumps', async () => {
    const { clock, monitor, observations, stop } = watching();
    monitor.add(one, { health: HEALTHY, spread: true });
    await clock.advance(15_000);
    const before = observations.length;
    clock.jumpWall(5 * 3_600_000);
    await clock.advance(20_000);
    clock.jumpWall(-9 * 3_600_000);
    await clock.advance(20_000);
    expect(observations.length - before).toBe(4);
    expect(monitor.health(one.id)).toMatchObject({ verdict: 'healthy', streak: 0 });
    await stop();
  });

  it('does not count a time-out that it noticed late', async () => {
    const { clock, network, monitor, observations, stop } = watching();
    monitor.add(one, { health: HEALTHY, spread: false });
    network.set('10.0.0.1:80', { does: 'swallow' });
    await clock.advance(100);
    await clock.leap(60_000);
    expect(observations[0]).toMatchObject({
      sample: { healthy: false, reason: 'ProbeStalled', speaksOf: 'worker' },
      after: { verdict: 'healthy', streak: 0 },
    });
    await stop();
  });

  it('uses fastInterval after a sample that does not count only without a verdict', async () => {
    const { clock, network, monitor, stop } = watching();
    const known = checkAt('10.0.0.2:80');
    network.set('10.0.0.1:80', { does: 'fail', code: 'EMFILE' });
    network.set('10.0.0.2:80', { does: 'fail', code: 'EMFILE' });
    monitor.add(one);
    monitor.add(known, { health: HEALTHY, spread: false });
    await clock.advance(5_000);
    expect(offsets(network, '10.0.0.1:80')).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000]);
    expect(network.dialsTo('10.0.0.2:80').length).toBeLessThanOrEqual(2);
    await stop();
  });

  it('spreads all checks again that a suspension made overdue', async () => {
    const { clock, network, monitor, stop } = watching({ maxInFlight: 5_000 });
    for (let at = 0; at < 200; at += 1)
      monitor.add(checkAt(`10.1.0.${at}:80`), { health: HEALTHY, spread: true });
    await clock.advance(20_000);
    const before = network.dials.length;
    await clock.leap(3_600_000);
    expect(network.dials.length - before).toBeLessThan(20);
    await clock.advance(10_500);
    expect(network.dials.length - before).toBeGreaterThanOrEqual(200);
    await stop();
  });

  it('probes at the same times with the same seed', async () => {
    const history = async () => {
      const { clock, network, monitor, stop } = watching({ maxInFlight: 7, seed: 42 });
      for (let at = 0; at < 40; at += 1) {
        const check = checkAt(`10.0.0.${at + 1}:80`);
        const behaviour = [
          { does: 'accept', afterMs: at },
          { does: 'swallow' },
          { does: 'fail', code: 'ECONNRESET' },
        ];
        network.set(`${check.address}:80`, behaviour[at % 3] as Parameters<typeof network.set>[1]);
        monitor.add(check);
      }
      await clock.advance(30_000);
      await stop();
      return network.dials;
    };
    const first = await history();
    expect(first.length).toBeGreaterThan(100);
    expect(await history()).toEqual(first);
  });

  it('rejects with the error of a broken prober', async () => {
    const clock = new ManualClock();
    const monitor = new Monitor({
      prober: () => Promise.reject(new Error('a bug')),
      clock,
      random: seededRandom(1),
      maxInFlight: 1,
      onObservation: () => undefined,
    });
    monitor.add(one);
    const running = monitor.run(new AbortController().signal).catch((error: unknown) => error);
    await settle();
    await clock.advance(10);
    expect(await running).toEqual(new Error('a bug'));
    expect(clock.sleeping).toBe(0);
  });

  it('has one sleep for any number of checks', async () => {
    const { clock, monitor, stop } = watching();
    for (let at = 0; at < 50; at += 1) monitor.add(checkAt(`10.0.0.${at + 1}:80`));
    await clock.advance(15_000);
    expect(clock.sleeping).toBe(1);
    await stop();
  });
});

import { describe, expect, it } from 'vitest';
import type { Check } from '../../../src/health/health.ts';
import { HealthMemory, NOTHING_KNOWN } from '../../../src/health/memory.ts';
import { proberOver } from '../../../src/health/probe.ts';
import { checkAt } from '../../support/checks.ts';
import { type FormingOptions, formVerdicts } from '../../support/form-verdicts.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ScriptedNetwork } from '../../support/scripted-network.ts';
import { seededRandom } from '../../support/seeded-random.ts';

function pass(checks: readonly Check[], changes: Partial<FormingOptions> = {}) {
  const clock = new ManualClock();
  const network = new ScriptedNetwork(clock);
  const abort = new AbortController();
  const start = (previous = NOTHING_KNOWN) => {
    const options: FormingOptions = {
      previous,
      prober: proberOver(network, clock),
      clock,
      random: seededRandom(1),
      maxInFlight: 100,
      timeoutMs: 60_000,
      ...changes,
    };
    return formVerdicts(checks, options, abort.signal);
  };
  const run = (previous = NOTHING_KNOWN) => clock.advanceUntil(start(previous));
  return { clock, network, abort, start, run };
}

function offsetsOf(network: ScriptedNetwork, where: string): number[] {
  return network.dialsTo(where).map((dial) => dial.atMs - 1_000);
}

describe('CheckSet with once', () => {
  const [one, two] = [checkAt('10.0.0.1:80'), checkAt('10.0.0.2:80')];

  it('needs healthyThreshold successes, fastInterval apart, for a new address', async () => {
    const { network, run } = pass([one]);
    const verdicts = await run();
    expect(verdicts.get(one.id)).toMatchObject({ verdict: 'healthy', reason: 'Connected', streak: 0 });
    expect(offsetsOf(network, '10.0.0.1:80')).toEqual([0, 1_000]);
  });

  it('needs unhealthyThreshold failures for unhealthy', async () => {
    const { network, run } = pass([one]);
    network.set('10.0.0.1:80', { does: 'fail', code: 'ECONNREFUSED' });
    const verdicts = await run();
    expect(verdicts.get(one.id)).toMatchObject({ verdict: 'unhealthy', reason: 'ConnectionRefused' });
    expect(offsetsOf(network, '10.0.0.1:80')).toEqual([0, 1_000, 2_000]);
  });

  it('reports a connect time-out, and starts no probe before the previous one has ended', async () => {
    const { network, run } = pass([one]);
    network.set('10.0.0.1:80', { does: 'swallow' });
    const verdicts = await run();
    expect(verdicts.get(one.id)).toMatchObject({
      verdict: 'unhealthy',
      reason: 'ConnectTimeout',
      message: 'no answer to the connection attempt within 2000 ms',
      latencyMs: 2_000,
    });
    expect(offsetsOf(network, '10.0.0.1:80')).toEqual([0, 2_000, 4_000]);
  });

  it('confirms a known verdict with one sample', async () => {
    const { network, run } = pass([one, two]);
    const known = await run();
    network.set('10.0.0.2:80', { does: 'fail', code: 'ECONNREFUSED' });
    await run(new HealthMemory(known));
    expect(network.dialsTo('10.0.0.1:80')).toHaveLength(2 + 1);
    expect(network.dialsTo('10.0.0.2:80')).toHaveLength(2 + 3);
  });

  it('does not let a blackholed address delay another, also with a small limit', async () => {
    const dark = Array.from({ length: 20 }, (_, at) => checkAt(`10.0.1.${at + 1}:80`));
    const { network, run, clock } = pass([one, ...dark, two], { maxInFlight: 24 });
    for (const check of dark) network.set(`${check.address}:80`, { does: 'swallow' });
    await run();
    expect(offsetsOf(network, '10.0.0.1:80')).toEqual([0, 1_000]);
    expect(offsetsOf(network, '10.0.0.2:80')).toEqual([0, 1_000]);
    expect(network.mostInFlight).toBeLessThanOrEqual(24);
    expect(network.inFlight).toBe(0);
    expect(clock.sleeping).toBe(0);
  });

  it('gives checks that time out half of the slots, so that later ones are probed', async () => {
    const dark = Array.from({ length: 8 }, (_, at) => checkAt(`10.0.1.${at + 1}:80`));
    const late = Array.from({ length: 40 }, (_, at) => checkAt(`10.0.2.${at + 1}:80`));
    const { network, run } = pass([...dark, ...late], { maxInFlight: 8 });
    for (const check of dark) network.set(`${check.address}:80`, { does: 'swallow' });
    await run();
    // The first tries fill the limit for one time-out; from then on at most four of eight are dark.
    const second = late.map((check) => offsetsOf(network, `${check.address}:80`)[1] ?? Infinity);
    expect(Math.max(...second)).toBeLessThanOrEqual(3_000);
    expect(network.mostInFlight).toBe(8);
  });

  it('probes once in a pass with `oneShot: accumulate`, and three passes make a verdict', async () => {
    const one = checkAt('10.0.0.1:80', { oneShot: 'accumulate' });
    const { network, run } = pass([one]);
    network.set('10.0.0.1:80', { does: 'fail', code: 'ECONNREFUSED' });
    const first = await run();
    const second = await run(new HealthMemory(first));
    const third = await run(new HealthMemory(second));
    expect([first, second, third].map((each) => each.get(one.id)?.verdict)).toEqual([
      'unknown',
      'unknown',
      'unhealthy',
    ]);
    expect(network.dials).toHaveLength(3);
  });

  it('returns the health so far when the time is over', async () => {
    const { network, run, clock } = pass([one, two], { timeoutMs: 1_500 });
    network.set('10.0.0.2:80', { does: 'swallow' });
    const verdicts = await run();
    expect(verdicts.get(one.id)?.verdict).toBe('healthy');
    expect(verdicts.get(two.id)).toMatchObject({ verdict: 'unknown', reason: 'NotCheckedYet' });
    expect(clock.monotonicNow()).toBe(2_500);
    expect(network.inFlight).toBe(0);
  });

  it('stops probing a backend that alternates', async () => {
    const { network, run } = pass([one]);
    let up = false;
    const alternating = { does: 'fail', code: 'ECONNREFUSED' } as const;
    network.set('10.0.0.1:80', alternating);
    const dial = network.dial.bind(network);
    network.dial = (request, signal) => {
      network.set('10.0.0.1:80', up ? { does: 'accept' } : alternating);
      up = !up;
      return dial(request, signal);
    };
    const verdicts = await run();
    expect(verdicts.get(one.id)?.verdict).toBe('unknown');
    expect(network.dials).toHaveLength(2 + 3);
  });

  it('does not mark an address unhealthy for a failure of this worker', async () => {
    const { network, run } = pass([one]);
    const known = await run();
    network.set('10.0.0.1:80', { does: 'fail', code: 'EMFILE' });
    const verdicts = await run(new HealthMemory(known));
    expect(verdicts.get(one.id)).toMatchObject({
      verdict: 'healthy',
      lastFailure: { reason: 'LocalResourcesExhausted', speaksOf: 'worker' },
    });
  });

  it('rejects at once on abort, and leaves nothing behind', async () => {
    const { network, start, clock, abort } = pass([one]);
    network.set('10.0.0.1:80', { does: 'swallow' });
    const running = start();
    await clock.advance(500);
    const reason = new Error('interrupted');
    abort.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(network.inFlight).toBe(0);
    expect(clock.sleeping).toBe(0);
  });

  it('reports its progress', async () => {
    const reported: string[] = [];
    const { run } = pass([one, two], {
      onProgress: (settled, total) => reported.push(`${settled}/${total}`),
    });
    await run();
    expect(reported).toEqual(['1/2', '2/2']);
  });

  it('returns at once without checks', async () => {
    const { run } = pass([]);
    expect(await run()).toEqual(new Map());
  });
});

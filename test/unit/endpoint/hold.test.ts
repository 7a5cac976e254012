import { describe, expect, it } from 'vitest';
import type { Resolution } from '../../../src/dns/resolution.ts';
import { type HeldName, holdAddresses } from '../../../src/endpoint/hold.ts';
import type { Hostname } from '../../../src/model/hostname.ts';
import { ip } from '../../support/addresses.ts';
import { DNS_SETTINGS } from '../../support/dns-resolver.ts';

const SECOND = 1_000;

function found(...addresses: string[]): Resolution {
  return { outcome: 'resolved', ttlSeconds: 60, answers: addresses.map((text) => ({ address: ip(text) })) };
}

const notFound: Resolution = { outcome: 'nameNotFound', reason: 'NameNotFound', message: '', ttlSeconds: 60 };
const failed: Resolution = { outcome: 'unresolved', reason: 'ServerFailure', message: 'SERVFAIL' };

/** One name over time. */
class HeldOverTime {
  held: HeldName | undefined;
  nowMs = 0;
  unhealthy = new Set<string>();
  resolution: Resolution = failed;
  answeredAtMs = 0;

  answer(atSeconds: number, resolution: Resolution): string {
    this.resolution = resolution;
    this.answeredAtMs = atSeconds * SECOND;
    return this.look(atSeconds);
  }

  /** `10.0.0.1 current, 10.0.0.2 obsolete` */
  look(atSeconds: number): string {
    const resolution = this.resolution;
    const answeredAtMs = this.answeredAtMs;
    const isHealthy = ({ address }: { address: string }) => !this.unhealthy.has(address);
    const nowMs = atSeconds * SECOND;
    const result = holdAddresses(
      this.held,
      { resolution, answeredAtMs },
      DNS_SETTINGS.hold,
      isHealthy,
      nowMs,
    );
    this.held = JSON.parse(JSON.stringify(result.next));
    return result.addresses.map(({ answer, state }) => `${answer.address} ${state}`).join(', ');
  }
}

describe('holdAddresses', () => {
  it('keeps a healthy address for hold.obsolete after it left the answer', () => {
    const name = new HeldOverTime();
    name.answer(0, found('10.0.0.1', '10.0.0.2'));
    expect(name.answer(60, found('10.0.0.1'))).toBe('10.0.0.1 current, 10.0.0.2 obsolete');
    expect(name.look(89)).toBe('10.0.0.1 current, 10.0.0.2 obsolete');
    expect(name.look(90)).toBe('10.0.0.1 current');
  });

  it('keeps an address of unknown host while an SRV target fails', () => {
    const name = new HeldOverTime();
    // After a lost memory: the host of a served address is unknown.
    name.answer(0, found('10.0.0.1', '10.0.0.2'));
    const one: Resolution = {
      outcome: 'resolved',
      ttlSeconds: 60,
      answers: [{ address: ip('10.0.0.1'), port: 7000, host: 'm1.example' as Hostname }],
      missing: [{ host: 'm0.example' as Hostname, absence: failed }],
    };
    expect(name.answer(60, one)).toContain('10.0.0.2 failure');
    expect(name.look(6_000)).toContain('10.0.0.2 failure');
    const { missing: _, ...whole } = one;
    expect(name.answer(6_060, whole)).toContain('10.0.0.2 obsolete');
    expect(name.look(6_090)).toBe('10.0.0.1 current');
  });

  it('stops counting missed answers at the limit of rotation, so that the state stays the same', () => {
    const name = new HeldOverTime();

    name.answer(0, found('10.0.0.1', '10.0.0.2'));
    const settings = { ...DNS_SETTINGS.hold, obsoleteMs: Number.POSITIVE_INFINITY };
    let held = name.held;
    const counted = Array.from({ length: 50 }, (_, at) => {
      const observation = { resolution: found('10.0.0.1'), answeredAtMs: (at + 1) * SECOND };
      held = holdAddresses(held, observation, settings, () => true, (at + 1) * SECOND).next;
      return held.addresses.find(({ answer }) => answer.address === '10.0.0.2')?.missedAnswers;
    });
    expect(counted.slice(0, 3)).toEqual([1, 2, 3]);
    expect(counted.slice(40).every((each) => each === counted[40])).toBe(true);
  });

  it('removes an unhealthy address at once after it left the answer', () => {
    const name = new HeldOverTime();
    name.answer(0, found('10.0.0.1', '10.0.0.2'));
    name.answer(60, found('10.0.0.1'));
    name.unhealthy.add('10.0.0.1').add('10.0.0.2');
    expect(name.look(61)).toBe('10.0.0.1 current');
  });

  it('keeps all addresses and stops their clocks while no server answers', () => {
    const name = new HeldOverTime();
    name.answer(0, found('10.0.0.1', '10.0.0.2'));
    name.answer(60, found('10.0.0.1'));
    expect(name.answer(70, failed)).toBe('10.0.0.1 failure, 10.0.0.2 failure');
    expect(name.look(100_000)).toBe('10.0.0.1 failure, 10.0.0.2 failure');
    expect(name.answer(100_000, found('10.0.0.1'))).toBe('10.0.0.1 current, 10.0.0.2 obsolete');
    expect(name.look(100_019)).toBe('10.0.0.1 current, 10.0.0.2 obsolete');
    expect(name.look(100_020)).toBe('10.0.0.1 current');
  });

  it('keeps the last good addresses for hold.notFound after NXDOMAIN', () => {
    const name = new HeldOverTime();
    name.answer(0, found('10.0.0.1'));
    expect(name.answer(60, notFound)).toBe('10.0.0.1 notFound');
    expect(name.answer(120, notFound)).toBe('10.0.0.1 notFound');
    expect(name.look(359)).toBe('10.0.0.1 notFound');
    expect(name.look(360)).toBe('');
  });

  it('keeps recovered addresses before the first answer', () => {
    const name = new HeldOverTime();
    name.answer(0, found('10.0.0.1'));
    for (const answeredAtMs of [Number.NEGATIVE_INFINITY, 5]) {
      const held = { ...(name.held as HeldName), answeredAtMs: Number.NEGATIVE_INFINITY };
      const observation = { resolution: failed, answeredAtMs };
      const result = holdAddresses(held, observation, DNS_SETTINGS.hold, () => true, 10);
      expect(result.addresses).toMatchObject([{ state: 'failure', untilMs: Number.POSITIVE_INFINITY }]);
      const brief = holdAddresses(held, observation, { ...DNS_SETTINGS.hold, failureMs: 60 }, () => true, 10);
      expect(brief.addresses).toHaveLength(1);
    }
  });
});

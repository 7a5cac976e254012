import { beforeEach, describe, expect, it } from 'vitest';
import type { ApiFailure, ApiResult, KubeList, ObjectStore } from '../../../src/cluster/object-store.ts';
import { ServiceRanges } from '../../../src/cluster/service-ranges.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const NEVER = new AbortController().signal;

let clock: ManualClock;
let reported: string[];
let answer: ApiResult<KubeList>;
let asked: number;
let changes: number;
let ranges: ServiceRanges;

beforeEach(() => {
  clock = new ManualClock();
  reported = [];
  asked = 0;
  changes = 0;
  const list = async () => {
    asked += 1;
    return answer;
  };
  const quiet = () => undefined;
  ranges = new ServiceRanges(
    {
      store: { list } as unknown as ObjectStore,
      clock,
      log: { info: quiet, error: quiet, warn: (reason, message) => reported.push(`${reason}: ${message}`) },
    },
    {
      onChange: () => {
        changes += 1;
      },
      onCrash: (error) => {
        throw error;
      },
    },
  );
});

function says(...cidrs: readonly string[]): void {
  const kubernetes = { metadata: { name: 'kubernetes' }, spec: { cidrs: cidrs.slice(0, 1) } };
  const added = { metadata: { name: 'added' }, spec: { cidrs: cidrs.slice(1) } };
  const items = [added, kubernetes].map((each) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'ServiceCIDR',
    ...each,
  }));
  answer = { ok: true, created: false, warnings: [], value: { resourceVersion: '1', items } };
}

function fails(reason: ApiFailure['reason'], httpStatus: number): void {
  answer = { ok: false, failure: { reason, httpStatus, message: 'no', outcomeUnknown: false } };
}

async function look(): Promise<readonly string[]> {
  ranges.readIfDue(NEVER);
  await ranges.idle();
  return (ranges.cidrs ?? []).map(({ text }) => text);
}

describe('ServiceRanges', () => {
  it('keeps the order of the ranges, and reads them again after a while or on request', async () => {
    says('10.96.0.0/16');
    expect(await look()).toEqual(['10.96.0.0/16']);
    says('10.96.0.0/16', '10.200.0.0/16');
    expect(await look()).toEqual(['10.96.0.0/16']);
    ranges.expire();
    expect(await look()).toEqual(['10.96.0.0/16', '10.200.0.0/16']);
    expect(changes).toBe(2);
    await clock.advance(9 * 60_000);
    await look();
    expect(asked).toBe(2);
    await clock.advance(60_000);
    await look();
    expect([asked, changes]).toEqual([3, 2]);
  });

  it('keeps the known ranges while a read fails, warns once and tries again soon', async () => {
    says('10.96.0.0/16');
    await look();
    fails('Unreachable', 0);
    ranges.expire();
    for (let tries = 0; tries < 3; tries++) {
      expect(await look()).toEqual(['10.96.0.0/16']);
      await clock.advance(10_000);
    }
    expect(asked).toBe(4);
    expect(reported).toEqual([
      expect.stringMatching(/^ServiceRangesUnknown: .*servicecidrs\.networking\.k8s\.io/),
    ]);
    says('10.96.0.0/16');
    await look();
    fails('Forbidden', 403);
    ranges.expire();
    await look();
    expect(reported).toHaveLength(2);
  });

  it('waits for the ranges at the start, whatever the failure', async () => {
    fails('TooManyRequests', 429);
    let isDone = false;
    const waiting = ranges.readPatiently(NEVER).then(() => {
      isDone = true;
    });
    await clock.advance(3_000);
    expect([asked, isDone]).toEqual([4, false]);
    says('10.96.0.0/16');
    await clock.advance(1_000);
    await waiting;
    expect((ranges.cidrs ?? []).map(({ text }) => text)).toEqual(['10.96.0.0/16']);
    for (const [reason, status] of [
      ['Forbidden', 403],
      ['NotFound', 404],
    ] as const) {
      fails(reason, status);
      await ranges.readPatiently(NEVER);
    }
    expect(reported).toHaveLength(2);
    expect(clock.sleeping).toBe(0);
  });

  it('needs no ranges on a server without ServiceCIDR', async () => {
    fails('NotFound', 404);
    expect(await look()).toEqual([]);
    expect(reported).toEqual([]);
  });
});

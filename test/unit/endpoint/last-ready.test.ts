import { describe, expect, it } from 'vitest';
import type { Assessment } from '../../../src/endpoint/assessment.ts';
import { publishedKey } from '../../../src/endpoint/assessment.ts';
import { keepLastReady, type LastReadyInput, waitsForAnotherHost } from '../../../src/endpoint/last-ready.ts';
import { FAILURE_REASONS, type FailureReason } from '../../../src/health/health.ts';
import { assessed, readinessOf } from '../../support/assessments.ts';

const FORMED_MS = 5_000;

/** Found unhealthy for this reason, at 5 s. */
function failing(address: string, reason: FailureReason, priority = 0): Assessment {
  const down = assessed(address, 'unhealthy');
  return {
    ...down,
    priority,
    ports: down.ports.map((port) => ({
      ...port,
      reason,
      ...(port.health === undefined ? {} : { health: { ...port.health, reason, sinceMs: FORMED_MS } }),
    })),
  };
}

const published = (assessments: readonly Assessment[]) =>
  new Map(
    assessments.flatMap(({ address, ports }) =>
      ports.map((port) => [publishedKey(address, port), true] as const),
    ),
  );

function keep(assessments: readonly Assessment[], more: Partial<LastReadyInput> = {}) {
  return keepLastReady({
    assessments,
    published: published(assessments),
    lastReady: 'keep',
    otherHostSeenMs: () => Number.NEGATIVE_INFINITY,
    ...more,
  });
}

const KEPT = /ready LastReadySilent$/;

describe('the last ready addresses of a target', () => {
  it('stay ready when they fall silent, one or several', () => {
    for (const count of [1, 3]) {
      const silent = Array.from({ length: count }, (_, at) => failing(`10.0.0.${at + 1}`, 'ConnectTimeout'));
      expect(readinessOf(keep(silent))).toEqual(Array(count).fill(expect.stringMatching(KEPT)));
      expect(waitsForAnotherHost(keep(silent))).toBe(false);
    }
  });

  it('go while another address of the target is healthy, whatever its tier', () => {
    const standby = { ...assessed('10.0.0.9', 'healthy'), priority: 1 };
    const given = [failing('10.0.0.1', 'ConnectTimeout'), standby];
    expect(readinessOf(keep(given))).toEqual([
      '10.0.0.1 not ready ConnectTimeout',
      '10.0.0.9 ready Connected',
    ]);
  });

  it('go with lastReady: drain', () => {
    const given = [failing('10.0.0.1', 'ConnectTimeout')];
    expect(readinessOf(keep(given, { lastReady: 'drain' }))).toEqual(['10.0.0.1 not ready ConnectTimeout']);
  });

  it('stay refused until another host was seen healthy after that', () => {
    const given = [failing('10.0.0.1', 'ConnectionRefused')];
    const seenAt = (atMs: number) => keep(given, { otherHostSeenMs: () => atMs });
    expect(readinessOf(seenAt(FORMED_MS))).toEqual([expect.stringMatching(KEPT)]);
    expect(waitsForAnotherHost(seenAt(FORMED_MS))).toBe(true);
    expect(readinessOf(seenAt(FORMED_MS + 1))).toEqual(['10.0.0.1 not ready ConnectionRefused']);
  });

  it('are asked about together: none of them is another host', () => {
    const given = [failing('10.0.0.1', 'ConnectionRefused'), failing('10.0.0.2', 'ConnectionReset')];
    const asked: string[][] = [];
    keep(given, {
      otherHostSeenMs: (addresses) => {
        asked.push([...addresses]);
        return 0;
      },
    });
    expect(asked).toEqual([['10.0.0.1', '10.0.0.2']]);
  });

  it('do not come back once they were drained', () => {
    const given = [failing('10.0.0.1', 'ConnectTimeout'), failing('10.0.0.2', 'ConnectTimeout')];
    expect(readinessOf(keep(given, { published: published(given.slice(1)) }))).toEqual([
      '10.0.0.1 not ready ConnectTimeout',
      expect.stringMatching(KEPT),
    ]);
  });

  const DEFINITE: readonly FailureReason[] = [
    'TLSHandshakeFailed',
    'CertificateExpired',
    'CertificateNotYetValid',
    'CertificateExpiresSoon',
    'CertificateUntrusted',
    'CertificateNameMismatch',
    'UnexpectedResponse',
    'HTTPStatus',
    // These concern this worker, and never become a verdict.
    'LocalResourcesExhausted',
    'CAFileUnreadable',
  ];

  it.each(FAILURE_REASONS.map((reason) => ({ reason, isKept: !DEFINITE.includes(reason) })))(
    'that fail with $reason are kept: $isKept',
    ({ reason, isKept }) => {
      const [only = ''] = readinessOf(keep([failing('10.0.0.1', reason)]));
      expect(KEPT.test(only)).toBe(isKept);
    },
  );
});

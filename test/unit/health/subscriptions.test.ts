import { beforeEach, describe, expect, it } from 'vitest';
import type { Check, CheckId, Health } from '../../../src/health/health.ts';
import { notChecked, notCheckedYet } from '../../../src/health/hysteresis.ts';
import { HealthMemory } from '../../../src/health/memory.ts';
import type { Beginning } from '../../../src/health/monitor.ts';
import { Subscriptions } from '../../../src/health/subscriptions.ts';
import { checkAt } from '../../support/checks.ts';

/** What a monitor has, and what it was told. */
class Recorder {
  readonly known = new Map<CheckId, Health>();
  readonly told: string[] = [];

  add(check: Check, beginning?: Beginning): void {
    this.told.push(`add ${check.port} ${beginning?.health.verdict ?? 'new'}`);
    this.known.set(check.id, beginning?.health ?? notCheckedYet(0));
  }

  remove(id: CheckId): void {
    this.told.push(`remove ${id.slice('10.0.0.1:'.length, id.indexOf(' '))}`);
    this.known.delete(id);
  }

  health(id: CheckId): Health | undefined {
    return this.known.get(id);
  }
}

describe('Subscriptions', () => {
  const [web, sql] = [checkAt('10.0.0.1:80'), checkAt('10.0.0.1:5432')];
  let monitor: Recorder;
  let subscriptions: Subscriptions;

  beforeEach(() => {
    monitor = new Recorder();
    subscriptions = new Subscriptions(monitor);
  });

  it('adds what is new and removes what is no longer wanted', () => {
    subscriptions.set('a', [web]);
    subscriptions.set('a', [sql]);
    subscriptions.set('a', []);
    expect(monitor.told).toEqual(['add 80 new', 'add 5432 new', 'remove 80', 'remove 5432']);
  });

  it('probes what several ask for once, until the last has left', () => {
    subscriptions.set('a', [web, sql]);
    subscriptions.set('b', [web]);
    subscriptions.set('a', []);
    expect(monitor.told).toEqual(['add 80 new', 'add 5432 new', 'remove 5432']);
    subscriptions.set('b', []);
    expect(monitor.told.at(-1)).toBe('remove 80');
  });

  it('says nothing when nothing changes', () => {
    subscriptions.set('a', [web, sql]);
    monitor.told.length = 0;
    subscriptions.set('a', [sql, web]);
    expect(monitor.told).toEqual([]);
  });

  it('keeps the verdict when settings are edited', () => {
    subscriptions.set('a', [web]);
    monitor.known.set(web.id, notChecked(0));
    subscriptions.set('a', [checkAt('10.0.0.1:80', { intervalMs: 1 })]);
    expect(monitor.told).toEqual(['add 80 new', 'add 80 healthy', 'remove 80']);
  });

  it('begins with what another process knew', () => {
    const carried = new HealthMemory(new Map([[web.id, notChecked(0)]]));
    new Subscriptions(monitor, carried).set('a', [web, sql]);
    expect(monitor.told).toEqual(['add 80 healthy', 'add 5432 new']);
  });
});

import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { LinkedController } from '../../../src/time/linked-controller.ts';

const listeners = (...signals: AbortSignal[]) =>
  signals.map((signal) => getEventListeners(signal, 'abort').length);

it('LinkedController aborts with the reason of the first signal that aborts, and unlinks the others', () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const linked = new LinkedController(one.signal, other.signal);
  expect(listeners(one.signal, other.signal)).toEqual([1, 1]);
  other.abort('other');
  one.abort('one');
  expect(linked.signal.reason).toBe('other');
  expect(listeners(one.signal, other.signal)).toEqual([0, 0]);
});

it('LinkedController has aborted from the start with a signal that has aborted', () => {
  const live = new AbortController();
  const linked = new LinkedController(live.signal, AbortSignal.abort('long ago'));
  expect(linked.signal.reason).toBe('long ago');
  expect(listeners(live.signal)).toEqual([0]);
});

it('LinkedController aborts by itself and does not abort its signals', () => {
  const source = new AbortController();
  const linked = new LinkedController(source.signal);
  linked.abort('done');
  expect(linked.signal.reason).toBe('done');
  expect(source.signal.aborted).toBe(false);
  expect(listeners(source.signal)).toEqual([0]);
});

it('LinkedController does not follow its signals after its scope has ended', () => {
  const source = new AbortController();
  let kept: AbortSignal;
  {
    using linked = new LinkedController(source.signal);
    kept = linked.signal;
    expect(listeners(source.signal)).toEqual([1]);
  }
  expect(listeners(source.signal)).toEqual([0]);
  source.abort();
  expect(kept.aborted).toBe(false);
});

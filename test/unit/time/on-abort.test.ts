import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { onAbort, orAborted, untilAborted } from '../../../src/time/on-abort.ts';

function noting() {
  const called: string[] = [];
  return { called, note: (name: string) => () => called.push(name) };
}

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

it('onAbort calls each callback once when the signal aborts', () => {
  const controller = new AbortController();
  const { called, note } = noting();
  onAbort(controller.signal, note('first'));
  onAbort(controller.signal, note('second'));
  controller.abort();
  expect(called).toEqual(['first', 'second']);
});

it('onAbort does not call a callback that was taken back, even if another has its place', () => {
  const controller = new AbortController();
  const { called, note } = noting();
  const forgetFirst = onAbort(controller.signal, note('first'));
  forgetFirst();
  onAbort(controller.signal, note('second'));
  forgetFirst();
  onAbort(controller.signal, note('third'));
  controller.abort();
  forgetFirst();
  expect(called).toEqual(['second', 'third']);
});

it('onAbort keeps the callbacks of different signals apart', () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const { called, note } = noting();
  onAbort(one.signal, note('one'));
  onAbort(other.signal, note('other'));
  other.abort();
  expect(called).toEqual(['other']);
});

it('onAbort adds one listener to the signal for any number of callbacks', () => {
  const { signal } = new AbortController();
  for (let index = 0; index < 1_000; index += 1) onAbort(signal, () => undefined);
  expect(listeners(signal)).toBe(1);
});

it('onAbort removes its listener with the last callback, and adds it again with the next', () => {
  const controller = new AbortController();
  const { signal } = controller;
  const { called, note } = noting();
  const forgetFirst = onAbort(signal, note('first'));
  const forgetSecond = onAbort(signal, note('second'));
  forgetFirst();
  forgetFirst();
  expect(listeners(signal)).toBe(1);
  forgetSecond();
  expect(listeners(signal)).toBe(0);
  onAbort(signal, note('third'));
  controller.abort();
  expect(called).toEqual(['third']);
  expect(listeners(signal)).toBe(0);
});

it('onAbort does not call a callback that an earlier one took back', () => {
  const controller = new AbortController();
  const { called, note } = noting();
  onAbort(controller.signal, () => forget());
  const forget = onAbort(controller.signal, note('taken back'));
  controller.abort();
  expect(called).toEqual([]);
});

it('orAborted settles as the promise does and leaves no listener', async () => {
  const { signal } = new AbortController();
  await expect(orAborted(Promise.resolve('value'), signal)).resolves.toBe('value');
  await expect(orAborted(Promise.reject(new Error('broken')), signal)).rejects.toThrow('broken');
  expect(listeners(signal)).toBe(0);
});

it('orAborted rejects with the reason of a signal that aborts first or has aborted', async () => {
  const controller = new AbortController();
  const endless = new Promise<never>(() => undefined);
  const waiting = orAborted(endless, controller.signal);
  controller.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  await expect(orAborted(endless, controller.signal)).rejects.toThrow('stopped');
});

it('untilAborted resolves when the signal aborts, and rejects if the failure comes first', async () => {
  const controller = new AbortController();
  const waiting = untilAborted(controller.signal, new Promise<never>(() => undefined));
  await expect(untilAborted(controller.signal, Promise.reject(new Error('broken')))).rejects.toThrow(
    'broken',
  );
  expect(listeners(controller.signal)).toBe(1);
  controller.abort();
  await waiting;
  expect(listeners(controller.signal)).toBe(0);
});

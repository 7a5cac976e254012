import { expect, it } from 'vitest';
import { onAbort } from '../../../src/time/on-abort.ts';

function noting() {
  const called: string[] = [];
  return { called, note: (name: string) => () => called.push(name) };
}

it('calls each callback once when the signal aborts', () => {
  const controller = new AbortController();
  const { called, note } = noting();
  onAbort(controller.signal, note('first'));
  onAbort(controller.signal, note('second'));
  controller.abort();
  expect(called).toEqual(['first', 'second']);
});

it('does not call what was taken back, whoever has its place by then', () => {
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

it('keeps the callbacks of different signals apart', () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const { called, note } = noting();
  onAbort(one.signal, note('one'));
  onAbort(other.signal, note('other'));
  other.abort();
  expect(called).toEqual(['other']);
});

it('listens to the signal once, however many wait', () => {
  const { signal } = new AbortController();
  let listeners = 0;
  signal.addEventListener = () => {
    listeners += 1;
  };
  for (let index = 0; index < 1_000; index += 1) onAbort(signal, () => undefined);
  expect(listeners).toBe(1);
});

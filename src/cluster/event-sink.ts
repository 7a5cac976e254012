import type { Happening } from './event-object.ts';

/** Where happenings go that people should see with `kubectl describe`. Never waits. */
export interface EventSink {
  record(happening: Happening): void;
}

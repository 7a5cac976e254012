import type { Happening } from './event-object.ts';

/** Takes happenings that people should see with `kubectl describe`. Returns at once. */
export interface EventSink {
  record(happening: Happening): void;
}

export const NO_EVENTS: EventSink = { record: () => undefined };

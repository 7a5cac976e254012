import type { KubeObject } from '../manifest/kube-object.ts';
import { MANAGER } from '../manifest/labels.ts';
import { microTime } from './lease.ts';

/** The object that an Event is about. With its uid, `kubectl describe` shows the Event too. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
}

/** Something that a person should see with `kubectl describe`. */
export interface Happening {
  readonly subject: EventSubject;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase; the same word as in the log and the docs. */
  readonly reason: string;
  /** What the process was doing, CamelCase: `Sync`, `ReadList`. */
  readonly action: string;
  /** For people. Cut to the length that an Event can have. */
  readonly note: string;
}

export interface EventObject extends KubeObject {
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly action: string;
  readonly reason: string;
  readonly regarding: EventSubject;
  readonly note: string;
  readonly type: string;
  readonly series?: SeriesField;
}

export interface SeriesField {
  /** At least 2 (`core/validation/events.go`). */
  readonly count: number;
  readonly lastObservedTime: string;
}

/** The limit of a note and of most other texts, in bytes (`core/validation/events.go`). */
const MAX_NOTE_BYTES = 1_024;
const MAX_TEXT_BYTES = 128;

/** How much of the subject's name is in the Event's name, which has at most 253 characters. */
const MAX_NAME_LENGTH = 200;

export interface EventFacts {
  readonly happening: Happening;
  /** Makes the name unique among the Events of one subject. Lower-case letters and digits. */
  readonly suffix: string;
  readonly firstWallMs: number;
  readonly series: SeriesField | undefined;
  /** The identity of the reporting process. */
  readonly identity: string;
}

/** `events.k8s.io/v1` Event. */
export function eventObject({ happening, suffix, firstWallMs, series, identity }: EventFacts): EventObject {
  const { subject, type, reason, action, note } = happening;
  const stem = subject.name.slice(0, MAX_NAME_LENGTH).replace(/[^a-z0-9]+$/, '');
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace: subject.namespace, name: `${stem}.${suffix}` },
    eventTime: microTime(firstWallMs),
    reportingController: MANAGER,
    reportingInstance: cutToBytes(identity, MAX_TEXT_BYTES),
    action: cutToBytes(action, MAX_TEXT_BYTES),
    reason: cutToBytes(reason, MAX_TEXT_BYTES),
    regarding: subject,
    note: cutToBytes(note, MAX_NOTE_BYTES),
    type,
    ...(series === undefined ? {} : { series }),
  };
}

export function seriesOf(count: number, lastWallMs: number): SeriesField | undefined {
  return count < 2 ? undefined : { count, lastObservedTime: microTime(lastWallMs) };
}

/** Whole characters, with an ellipsis if the text was cut. */
function cutToBytes(text: string, maxBytes: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= maxBytes) return text;
  const kept = new TextDecoder().decode(bytes.subarray(0, maxBytes - 3));
  // A character that was cut in two is decoded as one replacement character.
  return `${kept.replace(/\uFFFD+$/, '')}…`;
}

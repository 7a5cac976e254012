import { describe, expect, it } from 'vitest';
import type { TargetDecision } from '../../../src/decide/decide.ts';
import { type ExistingObjects, NOTHING_EXISTS } from '../../../src/plan/existing-objects.ts';
import { type RecordState, TargetRecord } from '../../../src/sync/target-record.ts';
import { assessed } from '../../support/assessments.ts';

const NOTHING_WRITTEN = { actions: [], warnings: [] };

/** Brings a new record into each state the shortest way. */
const INTO: Readonly<Record<RecordState, (record: TargetRecord) => void>> = {
  idle: () => undefined,
  queued: (record) => record.add(1),
  reading: (record) => {
    INTO.queued(record);
    record.startReading();
  },
  ready: (record) => {
    INTO.reading(record);
    record.endReading(NOTHING_EXISTS, 2);
  },
  decided: (record) => {
    INTO.ready(record);
    record.startDecision();
    record.acceptDecision(undefined);
  },
  applying: (record) => {
    INTO.decided(record);
    record.startApplying();
  },
  waiting: (record) => {
    INTO.applying(record);
    record.endWaiting('MirroredSlicesGone', NOTHING_EXISTS, NOTHING_WRITTEN, 3);
  },
};

const EVENTS: Readonly<Record<string, (record: TargetRecord) => void>> = {
  add: (record) => record.add(9),
  remove: (record) => record.remove(),
  invalidate: (record) => record.invalidate(),
  discover: (record) => record.discover(NOTHING_EXISTS, 9),
  startReading: (record) => record.startReading(),
  endReading: (record) => record.endReading(NOTHING_EXISTS, 9),
  'endReading unreadable': (record) => record.endReading(undefined, 9),
  'startDecision, postpone': (record) => {
    record.startDecision();
    record.postpone('observed');
  },
  'startDecision, readAgain': (record) => {
    record.startDecision();
    record.readAgain();
  },
  'startDecision, keepDecision': (record) => {
    record.startDecision();
    record.keepDecision(undefined);
  },
  'startDecision, acceptDecision': (record) => {
    record.startDecision();
    record.acceptDecision(undefined);
  },
  'startDecision, keepWaiting': (record) => {
    record.startDecision();
    record.keepWaiting('MirroredSlicesPresent', undefined, 9);
  },
  overtake: (record) => record.overtake(),
  startApplying: (record) => record.startApplying(),
  endApplied: (record) => record.endApplied(NOTHING_EXISTS, NOTHING_WRITTEN, 9),
  endStep: (record) => record.endStep(NOTHING_EXISTS, NOTHING_WRITTEN, 9),
  endConflict: (record) => record.endConflict(NOTHING_EXISTS, NOTHING_WRITTEN, 9),
  endFailed: (record) => record.endFailed(NOTHING_WRITTEN),
  endWaiting: (record) => record.endWaiting('SelectedPodsReady', NOTHING_EXISTS, NOTHING_WRITTEN, 9),
  stopWaiting: (record) => record.stopWaiting(),
};

/** `×`: the record refuses, because it cannot happen in that state. */
const TABLE = `
                              | idle   | queued  | reading | ready    | decided  | applying | waiting
add                           | queued | queued  | reading | ready    | decided  | applying | ready
remove                        | idle   | idle    | reading | idle     | decided  | applying | waiting
invalidate                    | idle   | queued  | reading | queued   | decided  | applying | waiting
discover                      | idle   | ready   | reading | ready    | decided  | applying | waiting
startReading                  | ×      | reading | ×       | ×        | ×        | ×        | ×
endReading                    | ×      | ×       | ready   | ×        | ×        | ×        | ×
endReading unreadable         | ×      | ×       | queued  | ×        | ×        | ×        | ×
startDecision, postpone       | ×      | ×       | ×       | ready    | ×        | ×        | ×
startDecision, readAgain      | ×      | ×       | ×       | queued   | ×        | ×        | ×
startDecision, keepDecision   | ×      | ×       | ×       | idle     | ×        | ×        | ×
startDecision, acceptDecision | ×      | ×       | ×       | decided  | ×        | ×        | ×
startDecision, keepWaiting    | ×      | ×       | ×       | waiting  | ×        | ×        | ×
overtake                      | ×      | ×       | ×       | ×        | ready    | ×        | ×
startApplying                 | ×      | ×       | ×       | ×        | applying | ×        | ×
endApplied                    | ×      | ×       | ×       | ×        | ×        | idle     | ×
endStep                       | ×      | ×       | ×       | ×        | ×        | queued   | ×
endConflict                   | ×      | ×       | ×       | ×        | ×        | queued   | ×
endFailed                     | ×      | ×       | ×       | ×        | ×        | idle     | ×
endWaiting                    | ×      | ×       | ×       | ×        | ×        | waiting  | ×
stopWaiting                   | ×      | ×       | ×       | ×        | ×        | ×        | idle
`;

const [heads = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));
const STATES = heads.filter((head) => head !== '') as RecordState[];
const CASES = rows.flatMap(([event = '', ...ends]) =>
  STATES.map((state, at) => [event, state, ends[at] ?? ''] as const),
);

describe('TargetRecord', () => {
  it('has a row in the table for every event and a column for every state', () => {
    expect(rows.map(([event]) => event)).toEqual(Object.keys(EVENTS));
    expect(STATES).toEqual(Object.keys(INTO));
  });

  it.each(CASES)('%s while %s → %s', (event, state, expected) => {
    const record = new TargetRecord('shop', 'db');
    INTO[state](record);
    expect(record.state).toBe(state);
    const happen = () => EVENTS[event]?.(record);
    if (expected === '×') expect(happen).toThrow('shop/db is');
    else {
      happen();
      expect(record.state).toBe(expected);
    }
  });

  it.each(['endApplied', 'endFailed', 'endStep', 'endWaiting'])(
    'comes back after %s when it was added meanwhile',
    (event) => {
      const record = new TargetRecord('shop', 'db');
      INTO.applying(record);
      record.add(5);
      EVENTS[event]?.(record);
      const isKnown = record.existing !== undefined;
      expect(record.state).toBe(isKnown ? 'ready' : 'queued');
    },
  );

  it('keeps since when it waited, through a conflict and an overtaken plan', () => {
    const record = new TargetRecord('shop', 'db');
    INTO.applying(record);
    record.endConflict(NOTHING_EXISTS, NOTHING_WRITTEN, 9);
    expect([record.dirtySinceMs, record.progress.conflicts]).toEqual([1, 1]);
  });
});

describe('what a TargetRecord remembers', () => {
  const decision = (memory: string, ...addresses: readonly string[]) =>
    ({
      memory: new Map([[memory, {}]]),
      sources: [memory],
      verdicts: addresses.map((address) => assessed(address, 'healthy')),
    }) as unknown as TargetDecision;
  const serving = (...addresses: readonly string[]): ExistingObjects => ({
    slices: [
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'db-1', namespace: 'shop' },
        addressType: 'IPv4',
        ports: assessed('10.0.0.1', 'healthy').ports.map(({ name, port, protocol }) => ({
          name,
          port,
          protocol,
        })),
        endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
      },
    ],
  });
  /** A record whose first decision met a conflict. */
  const inConflict = () => {
    const record = new TargetRecord('shop', 'db');
    record.succeed(['before']);
    INTO.ready(record);
    record.startDecision();
    record.acceptDecision(decision('after', '10.0.0.1'));
    record.startApplying();
    record.endConflict(NOTHING_EXISTS, NOTHING_WRITTEN, 9);
    record.startReading();
    return record;
  };
  const known = ({ memory, recoversPublished, sources }: TargetRecord) => ({
    memory: [...(memory?.keys() ?? [])],
    recoversPublished,
    sources,
  });

  it('is the decision, where only what this process wrote is served', () => {
    const record = inConflict();
    record.endReading(serving('10.0.0.1'), 10);
    expect(known(record)).toEqual({ memory: ['after'], recoversPublished: false, sources: ['after'] });
  });

  it('is what was known before, where another writer serves an address that was not decided', () => {
    const record = inConflict();
    record.endReading(serving('10.0.0.1', '10.0.0.2'), 10);
    expect(known(record)).toEqual({ memory: [], recoversPublished: true, sources: ['before'] });
  });

  it('is saved as decided while the decision is being written', () => {
    const record = inConflict();
    record.endReading(serving('10.0.0.1', '10.0.0.2'), 10);
    expect([...(record.toSave.memory?.keys() ?? [])]).toEqual(['after']);
  });

  it('is the decision for good once its reconciliation has ended', () => {
    const record = inConflict();
    record.endReading(serving('10.0.0.1'), 10);
    record.startDecision();
    record.keepDecision(decision('last', '10.0.0.1'));
    record.discover(serving('10.0.0.9'), 11);
    expect(known(record)).toEqual({ memory: ['last'], recoversPublished: false, sources: ['last'] });
  });
});

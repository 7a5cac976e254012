import { describe, expect, it } from 'vitest';
import type { TargetDecision } from '../../../src/decide/decide.ts';
import { type ExistingObjects, NOTHING_EXISTS } from '../../../src/plan/existing-objects.ts';
import { type RecordState, TargetRecord } from '../../../src/sync/target-record.ts';
import { assessed } from '../../support/assessments.ts';
import { targetOf } from '../../support/targets.ts';

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
  deciding: (record) => {
    INTO.ready(record);
    record.startDecision();
  },
  decided: (record) => {
    INTO.deciding(record);
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

const SERVICE = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db', namespace: 'shop' } };
const SEEN = { object: SERVICE, deleted: false };

const EVENTS: Readonly<Record<string, (record: TargetRecord) => void>> = {
  declare: (record) =>
    record.declare(targetOf('ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }]'), 9),
  restate: (record) => record.restate(targetOf('ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }]')),
  recall: (record) => record.recall(new Map()),
  succeed: (record) => record.succeed([]),
  add: (record) => record.add(9),
  remove: (record) => record.remove(),
  invalidate: (record) => record.invalidate(),
  noteDrift: (record) => record.noteDrift(SEEN, 'kubectl', false),
  forgetDrift: (record) => record.forgetDrift(),
  defer: (record) => record.defer(SEEN),
  takeDeferred: (record) => record.takeDeferred(),
  discover: (record) => record.discover(NOTHING_EXISTS, 9),
  startReading: (record) => record.startReading(),
  endReading: (record) => record.endReading(NOTHING_EXISTS, 9),
  'endReading unreadable': (record) => record.endReading(undefined, 9),
  startDecision: (record) => record.startDecision(),
  postpone: (record) => record.postpone('observed'),
  readAgain: (record) => record.readAgain(),
  keepDecision: (record) => record.keepDecision(undefined),
  acceptDecision: (record) => record.acceptDecision(undefined),
  keepWaiting: (record) => record.keepWaiting('MirroredSlicesPresent', undefined, 9),
  overtake: (record) => record.overtake(),
  startApplying: (record) => record.startApplying(),
  endApplied: (record) => record.endApplied(NOTHING_EXISTS, NOTHING_WRITTEN, 9),
  endStep: (record) => record.endStep(NOTHING_EXISTS, NOTHING_WRITTEN, 9),
  endConflict: (record) => record.endConflict(NOTHING_EXISTS, NOTHING_WRITTEN, 9),
  endFailed: (record) => record.endFailed(NOTHING_WRITTEN),
  endWaiting: (record) => record.endWaiting('SelectedPodsReady', NOTHING_EXISTS, NOTHING_WRITTEN, 9),
  stopWaiting: (record) => record.stopWaiting(),
};

/** `×`: the record refuses, because it cannot happen in that state. `=`: the state stays. */
const TABLE = `
                      | idle   | queued  | reading | ready    | deciding | decided  | applying | waiting
declare               | =      | =       | =       | =        | =        | =        | =        | =
restate               | =      | =       | =       | =        | =        | =        | =        | =
recall                | =      | =       | =       | =        | =        | =        | =        | =
succeed               | =      | =       | =       | =        | =        | =        | =        | =
add                   | queued | =       | =       | =        | =        | =        | =        | ready
remove                | =      | idle    | =       | idle     | =        | =        | =        | =
invalidate            | =      | =       | =       | queued   | =        | =        | =        | =
noteDrift             | =      | =       | =       | queued   | =        | =        | =        | =
forgetDrift           | =      | =       | =       | =        | =        | =        | =        | =
defer                 | =      | =       | =       | =        | =        | =        | =        | =
takeDeferred          | =      | =       | =       | =        | =        | =        | =        | =
discover              | =      | ready   | =       | =        | =        | =        | =        | =
startReading          | ×      | reading | ×       | ×        | ×        | ×        | ×        | ×
endReading            | ×      | ×       | ready   | ×        | ×        | ×        | ×        | ×
endReading unreadable | ×      | ×       | queued  | ×        | ×        | ×        | ×        | ×
startDecision         | ×      | ×       | ×       | deciding | ×        | ×        | ×        | ×
postpone              | ×      | ×       | ×       | ×        | ready    | ×        | ×        | ×
readAgain             | ×      | ×       | ×       | ×        | queued   | ×        | ×        | ×
keepDecision          | ×      | ×       | ×       | ×        | idle     | ×        | ×        | ×
acceptDecision        | ×      | ×       | ×       | ×        | decided  | ×        | ×        | ×
keepWaiting           | ×      | ×       | ×       | ×        | waiting  | ×        | ×        | ×
overtake              | ×      | ×       | ×       | ×        | ×        | ready    | ×        | ×
startApplying         | ×      | ×       | ×       | ×        | ×        | applying | ×        | ×
endApplied            | ×      | ×       | ×       | ×        | ×        | ×        | idle     | ×
endStep               | ×      | ×       | ×       | ×        | ×        | ×        | queued   | ×
endConflict           | ×      | ×       | ×       | ×        | ×        | ×        | queued   | ×
endFailed             | ×      | ×       | ×       | ×        | ×        | ×        | idle     | ×
endWaiting            | ×      | ×       | ×       | ×        | ×        | ×        | waiting  | ×
stopWaiting           | ×      | ×       | ×       | ×        | ×        | ×        | ×        | idle
`;

const [heads = [], ...rows] = TABLE.trim()
  .split('\n')
  .map((line) => line.split('|').map((cell) => cell.trim()));
const STATES = heads.filter((head) => head !== '') as RecordState[];
const CASES = rows.flatMap(([event = '', ...ends]) =>
  STATES.map((state, at) => [event, state, ends[at] ?? ''] as const),
);

/** Methods that change nothing. */
const QUESTIONS = new Set(['constructor', 'knownObject']);

describe('TargetRecord', () => {
  it('has a row in the table for every method and a column for every state', () => {
    expect(rows.map(([event]) => event)).toEqual(Object.keys(EVENTS));
    expect(new Set(STATES)).toEqual(new Set(Object.keys(INTO)));
    const methods = Object.entries(Object.getOwnPropertyDescriptors(TargetRecord.prototype))
      .filter(([name, { value }]) => typeof value === 'function' && !QUESTIONS.has(name))
      .map(([name]) => name);
    expect(new Set(rows.map(([event = '']) => event.replace(/ .*/, '')))).toEqual(new Set(methods));
  });

  it.each(CASES)('%s while %s → %s', (event, state, expected) => {
    const record = new TargetRecord('shop', 'db');
    INTO[state](record);
    expect(record.state).toBe(state);
    const happen = () => EVENTS[event]?.(record);
    if (expected === '×') expect(happen).toThrow('shop/db is');
    else {
      happen();
      expect(record.state).toBe(expected === '=' ? state : expected);
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

  it.each([
    ['deciding', 'postpone'],
    ['deciding', 'readAgain'],
    ['decided', 'overtake'],
    ['applying', 'endStep'],
    ['applying', 'endConflict'],
  ] as const)('keeps since when it waited, %s → %s', (state, event) => {
    const record = new TargetRecord('shop', 'db');
    INTO[state](record);
    expect(record.dirtySinceMs).toBeUndefined();
    EVENTS[event]?.(record);
    expect(record.dirtySinceMs).toBe(1);
  });

  it('counts conflicts, steps and reads again until its reconciliation has ended', () => {
    const record = new TargetRecord('shop', 'db');
    const counts = () => [record.progress.conflicts, record.progress.steps, record.progress.rereads];
    const readAndDecide = () => {
      record.startReading();
      record.endReading(NOTHING_EXISTS, 9);
      record.startDecision();
    };
    INTO.applying(record);
    record.endConflict(NOTHING_EXISTS, NOTHING_WRITTEN, 9);
    readAndDecide();
    record.readAgain();
    readAndDecide();
    record.acceptDecision(undefined);
    record.startApplying();
    record.endStep(NOTHING_EXISTS, NOTHING_WRITTEN, 9);
    expect(counts()).toEqual([1, 1, 1]);
    readAndDecide();
    record.keepDecision(undefined);
    expect(counts()).toEqual([0, 0, 0]);
  });

  it('is read again after a decision during which its objects became unknown', () => {
    const record = new TargetRecord('shop', 'db');
    INTO.deciding(record);
    record.invalidate();
    record.add(5);
    record.keepDecision(undefined);
    expect(record.state).toBe('queued');
  });

  it('counts the reads of one wait, and since when it goes on', () => {
    const record = new TargetRecord('shop', 'db');
    INTO.waiting(record);
    expect(record.wait).toEqual({ until: 'MirroredSlicesGone', sinceMs: 3, reads: 1 });
    record.add(20);
    record.startDecision();
    record.keepWaiting('MirroredSlicesGone', undefined, 30);
    expect(record.wait).toEqual({ until: 'MirroredSlicesGone', sinceMs: 3, reads: 2 });
    record.add(40);
    record.startDecision();
    record.keepWaiting('SelectedPodsReady', undefined, 50);
    expect(record.wait).toEqual({ until: 'SelectedPodsReady', sinceMs: 50, reads: 1 });
    record.stopWaiting();
    expect(record.wait).toBeUndefined();
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

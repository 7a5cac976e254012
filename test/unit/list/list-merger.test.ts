import { describe, expect, it } from 'vitest';
import type { SourcePart } from '../../../src/config/source.ts';
import { partOf } from '../../../src/config/target-list.ts';
import { type ActiveList, ListMerger, type ListReport } from '../../../src/list/list-merger.ts';

/** A list with these targets, each with one address. */
function listOf(...names: readonly string[]): string {
  const targets = names.map(
    (name) =>
      `  - { name: ${name}, namespace: shop, ports: [{ port: 80 }], endpoints: [{ address: 10.0.0.1 }] }`,
  );
  return ['apiVersion: external-endpoints/v1', 'kind: TargetList', 'targets:', ...targets].join('\n');
}

const EMPTY = 'apiVersion: external-endpoints/v1\nkind: TargetList\ntargets: []\n';

function text(source: string, content: string): SourcePart {
  return { ok: true, source, text: content };
}

function missing(source: string): SourcePart {
  return { ok: false, source, reason: 'NotFound', message: 'there is no such file or directory' };
}

function keeperOf(sources: readonly string[], allowEmpty = false) {
  const lists: ActiveList[] = [];
  const reports: ListReport[] = [];
  const recorder = new ListMerger({
    sources,
    allowEmpty,
    onList: (list) => lists.push(list),
    onReport: (report) => reports.push(report),
  });
  return {
    take: (source: string, ...parts: readonly SourcePart[]) =>
      recorder.take(
        source,
        parts.map((part) => ({ part, says: partOf(part) })),
      ),
    /** The active names, and whether the list is complete. */
    get active() {
      const { list, isComplete } = recorder.current ?? { list: undefined, isComplete: false };
      return `${list?.targets.map(({ name }) => name).join(' ') ?? 'none'}${isComplete ? '' : ' …'}`;
    },
    get changes() {
      return lists.length;
    },
    get last(): ListReport {
      const report = reports.at(-1);
      if (report === undefined) throw new Error('nothing was reported');
      return report;
    },
    get messages() {
      return this.last.problems.map(({ location, message }) => `${location.source}: ${message}`);
    },
    reports,
  };
}

describe('ListMerger', () => {
  it('waits until every source has reported', () => {
    const recorder = keeperOf(['a', 'b']);
    recorder.take('a', text('a', listOf('one')));
    expect([recorder.active, recorder.reports]).toEqual(['none …', []]);
    recorder.take('b', text('b', listOf('two')));
    expect(recorder.active).toBe('one two');
    expect(recorder.last).toMatchObject({ result: 'Applied', problems: [], targets: 2 });
  });

  it('activates a change, and reports nothing without one', () => {
    const recorder = keeperOf(['a']);
    recorder.take('a', text('a', listOf('one')));
    recorder.take('a', text('a', listOf('one', 'two')));
    recorder.take('a', text('a', listOf('one', 'two')));
    expect([recorder.active, recorder.changes]).toEqual(['one two', 2]);
  });

  it('reports the changes of an edit, and its part', () => {
    const recorder = keeperOf(['a', 'b']);
    recorder.take('a', text('a', listOf('one', 'two')));
    recorder.take('b', text('b', listOf('three')));
    expect(recorder.last).toMatchObject({
      changes: { added: ['shop/one', 'shop/two', 'shop/three'], changed: [], removed: [] },
      changedParts: ['a', 'b'],
    });
    const edited = listOf('four', 'one').replace('port: 80', 'port: 81');
    recorder.take('a', text('a', `# another place in the text\n${edited}`));
    expect(recorder.last).toMatchObject({
      changes: { added: ['shop/four'], changed: [], removed: ['shop/two'] },
      changedParts: ['a'],
    });
    recorder.take('b', text('b', listOf('three').replace('port: 80', 'port: 81')));
    expect(recorder.last.changes).toEqual({ added: [], changed: ['shop/three'], removed: [] });
    recorder.take('b', text('b', listOf('three').replace('port: 80', 'port: 81')));
    expect(recorder.last.changes).toBeUndefined();
  });

  it('keeps the last good list while the newest is broken, and reports line and column', () => {
    const recorder = keeperOf(['a']);
    recorder.take('a', text('a', listOf('one', 'two')));
    const broken = listOf('one').replace('port: 80', 'port: 80000');
    recorder.take('a', text('a', broken));
    expect([recorder.active, recorder.changes]).toEqual(['one two', 1]);
    expect(recorder.last).toMatchObject({ result: 'InvalidTargetList', isNews: true, targets: 2 });
    expect(recorder.last.problems[0]?.location).toMatchObject({ source: 'a', line: 4 });
    recorder.take('a', text('a', broken));
    expect(recorder.last.isNews).toBe(false);
    recorder.take('a', text('a', listOf('one')));
    expect([recorder.active, recorder.last.result, recorder.last.isNews]).toEqual(['one', 'Applied', true]);
  });

  it.each([
    ['emptied', text('a', EMPTY), 'EmptyTargetList', 'it has no targets any more'],
    ['missing', missing('a'), 'InvalidTargetList', 'there is no such file or directory'],
  ] as const)('keeps the targets of a part that is %s', (_what, part, result, why) => {
    const recorder = keeperOf(['a']);
    recorder.take('a', text('a', listOf('one', 'two')));
    recorder.take('a', part);
    expect(recorder.active).toBe('one two');
    expect(recorder.messages).toEqual([`a: ${why}; its 2 targets stay active`]);
    expect(recorder.last.result).toBe(result);
    recorder.take('a', text('a', listOf('one', 'two')));
    expect([recorder.active, recorder.last.result]).toEqual(['one two', 'Applied']);
  });

  it.each([
    ['emptied', text('a', EMPTY)],
    ['missing', missing('a')],
  ])('accepts a part that is %s with --allow-empty', (_what, part) => {
    const recorder = keeperOf(['a'], true);
    recorder.take('a', text('a', listOf('one')));
    recorder.take('a', part);
    expect([recorder.active, recorder.last.result]).toEqual(['', 'Applied']);
    recorder.take('a', text('a', listOf('two')));
    expect(recorder.active).toBe('two');
  });

  it('never accepts an unreadable part, with or without --allow-empty', () => {
    const recorder = keeperOf(['a'], true);
    recorder.take('a', text('a', listOf('one')));
    recorder.take('a', { ok: false, source: 'a', reason: 'PermissionDenied', message: 'permission denied' });
    expect([recorder.active, recorder.messages]).toEqual(['one', ['a: permission denied']]);
    recorder.take('a', text('a', 'targets: ['));
    expect(recorder.active).toBe('one');
  });

  it('starts with the valid parts, and reports the list as incomplete', () => {
    const recorder = keeperOf(['a', 'b']);
    recorder.take('a', text('a', listOf('one')));
    recorder.take('b', text('b', 'nonsense'));
    expect(recorder.active).toBe('one …');
    recorder.take('b', text('b', listOf('two')));
    expect(recorder.active).toBe('one two');
    recorder.take('b', text('b', 'nonsense'));
    expect(recorder.active).toBe('one two');
  });

  it('has no list while all parts are broken, missing or empty', () => {
    for (const part of [text('a', 'nonsense'), missing('a'), text('a', EMPTY)]) {
      const recorder = keeperOf(['a']);
      recorder.take('a', part);
      expect([recorder.active, recorder.changes]).toEqual(['none …', 0]);
      expect(recorder.messages).toHaveLength(1);
    }
    const broken = keeperOf(['a'], true);
    broken.take('a', text('a', 'nonsense'));
    expect(broken.active).toBe('none …');
    const empty = keeperOf(['a'], true);
    empty.take('a', text('a', EMPTY));
    expect(empty.active).toBe('');
  });

  it('activates the changes of a part while another part is broken', () => {
    const recorder = keeperOf(['a']);
    recorder.take('a', text('a/1', listOf('one')), text('a/2', listOf('two')));
    recorder.take(
      'a',
      text('a/1', listOf('one', 'more')),
      text('a/2', 'nonsense'),
      text('a/3', 'new nonsense'),
    );
    expect(recorder.active).toBe('one more two');
    expect(new Set(recorder.last.problems.map(({ location }) => location.source))).toEqual(
      new Set(['a/2', 'a/3']),
    );
    recorder.take('a', text('a/1', listOf('one')));
    expect(recorder.active).toBe('one two');
    expect(recorder.messages).toEqual(['a/2: it was removed; its target stays active']);
  });

  it('rejects a part that contradicts the others, and activates the others', () => {
    const recorder = keeperOf(['a', 'b']);
    recorder.take('a', text('a', listOf('one')));
    recorder.take('b', text('b', listOf('two')));
    recorder.take('b', text('b', listOf('two', 'one')));
    expect(recorder.active).toBe('one two');
    expect(recorder.messages).toEqual([expect.stringContaining('shop/one is declared twice')]);
    recorder.take('a', text('a', listOf('one', 'more')));
    expect(recorder.active).toBe('one more two');
    recorder.take('a', text('a', listOf('more')));
    expect([recorder.active, recorder.messages]).toEqual(['more two one', []]);
  });

  it('keeps a target that moves from one part to another', () => {
    const seen: string[] = [];
    const recorder = keeperOf(['a', 'b', 'c']);
    const look = () => seen.push(recorder.active);
    recorder.take('a', text('a', listOf('one', 'moving')));
    recorder.take('b', text('b', listOf('two')));
    recorder.take('c', text('c', listOf('three')));
    // The new part contradicts a third part; the old one has already given the target up.
    recorder.take('b', text('b', listOf('two', 'three', 'moving')));
    look();
    recorder.take('a', text('a', listOf('one')));
    look();
    // Then the part is broken, but still names the target.
    recorder.take('b', text('b', listOf('two', 'moving').replace('port: 80', 'port: x')));
    look();
    recorder.take('b', text('b', listOf('two', 'moving')));
    expect(seen.every((names) => names.includes('moving'))).toBe(true);
    expect([recorder.active, recorder.messages]).toEqual(['one two moving three', []]);
  });

  it('accepts a move within one read, in either order of the parts', () => {
    for (const [from, to] of [
      ['d/1', 'd/2'],
      ['d/2', 'd/1'],
    ] as const) {
      const recorder = keeperOf(['d']);
      const snapshot = (old: readonly string[], young: readonly string[]) =>
        recorder.take(
          'd',
          ...[text(from, listOf(...old)), text(to, listOf(...young)), text('d/3', 'nonsense')].sort((x, y) =>
            x.source < y.source ? -1 : 1,
          ),
        );
      snapshot(['one', 'moving'], ['two']);
      snapshot(['one'], ['two', 'moving']);
      expect(recorder.active.split(' ').sort()).toEqual(['moving', 'one', 'two', '…'].sort());
    }
  });
});

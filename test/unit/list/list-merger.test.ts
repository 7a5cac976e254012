import { describe, expect, it } from 'vitest';
import type { SourcePart } from '../../../src/config/source.ts';
import { partOf } from '../../../src/config/target-list.ts';
import { type ListInForce, ListKeeper, type ListReport } from '../../../src/list/list-merger.ts';

/** A list that names these targets, each with one address. */
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
  const lists: ListInForce[] = [];
  const reports: ListReport[] = [];
  const keeper = new ListKeeper({
    sources,
    allowEmpty,
    onList: (list) => lists.push(list),
    onReport: (report) => reports.push(report),
  });
  return {
    take: (source: string, ...parts: readonly SourcePart[]) =>
      keeper.take(
        source,
        parts.map((part) => ({ part, says: partOf(part) })),
      ),
    /** The names in force, and whether the list is complete. */
    get inForce() {
      const { list, isComplete } = keeper.current ?? { list: undefined, isComplete: false };
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

describe('ListKeeper', () => {
  it('waits until every source has been heard', () => {
    const keeper = keeperOf(['a', 'b']);
    keeper.take('a', text('a', listOf('one')));
    expect([keeper.inForce, keeper.reports]).toEqual(['none …', []]);
    keeper.take('b', text('b', listOf('two')));
    expect(keeper.inForce).toBe('one two');
    expect(keeper.last).toMatchObject({ result: 'Applied', problems: [], targets: 2 });
  });

  it('puts a change in force, and says nothing new when nothing is', () => {
    const keeper = keeperOf(['a']);
    keeper.take('a', text('a', listOf('one')));
    keeper.take('a', text('a', listOf('one', 'two')));
    keeper.take('a', text('a', listOf('one', 'two')));
    expect([keeper.inForce, keeper.changes]).toEqual(['one two', 2]);
  });

  it('says what an edit changed, and in which part', () => {
    const keeper = keeperOf(['a', 'b']);
    keeper.take('a', text('a', listOf('one', 'two')));
    keeper.take('b', text('b', listOf('three')));
    expect(keeper.last).toMatchObject({
      changes: { added: ['shop/one', 'shop/two', 'shop/three'], changed: [], removed: [] },
      changedParts: ['a', 'b'],
    });
    const edited = listOf('four', 'one').replace('port: 80', 'port: 81');
    keeper.take('a', text('a', `# another place in the text\n${edited}`));
    expect(keeper.last).toMatchObject({
      changes: { added: ['shop/four'], changed: [], removed: ['shop/two'] },
      changedParts: ['a'],
    });
    keeper.take('b', text('b', listOf('three').replace('port: 80', 'port: 81')));
    expect(keeper.last.changes).toEqual({ added: [], changed: ['shop/three'], removed: [] });
    keeper.take('b', text('b', listOf('three').replace('port: 80', 'port: 81')));
    expect(keeper.last.changes).toBeUndefined();
  });

  it('keeps the last good list while the newest is broken, and tells line and column', () => {
    const keeper = keeperOf(['a']);
    keeper.take('a', text('a', listOf('one', 'two')));
    const broken = listOf('one').replace('port: 80', 'port: 80000');
    keeper.take('a', text('a', broken));
    expect([keeper.inForce, keeper.changes]).toEqual(['one two', 1]);
    expect(keeper.last).toMatchObject({ result: 'InvalidTargetList', isNews: true, targets: 2 });
    expect(keeper.last.problems[0]?.location).toMatchObject({ source: 'a', line: 4 });
    keeper.take('a', text('a', broken));
    expect(keeper.last.isNews).toBe(false);
    keeper.take('a', text('a', listOf('one')));
    expect([keeper.inForce, keeper.last.result, keeper.last.isNews]).toEqual(['one', 'Applied', true]);
  });

  it.each([
    ['emptied', text('a', EMPTY), 'EmptyTargetList', 'it names no target any more'],
    ['missing', missing('a'), 'InvalidTargetList', 'there is no such file or directory'],
  ] as const)('keeps the targets of a part that is %s', (_what, part, result, why) => {
    const keeper = keeperOf(['a']);
    keeper.take('a', text('a', listOf('one', 'two')));
    keeper.take('a', part);
    expect(keeper.inForce).toBe('one two');
    expect(keeper.messages).toEqual([`a: ${why}; the 2 targets that it named stay in force`]);
    expect(keeper.last.result).toBe(result);
    keeper.take('a', text('a', listOf('one', 'two')));
    expect([keeper.inForce, keeper.last.result]).toEqual(['one two', 'Applied']);
  });

  it.each([
    ['emptied', text('a', EMPTY)],
    ['missing', missing('a')],
  ])('follows a part that is %s when it may', (_what, part) => {
    const keeper = keeperOf(['a'], true);
    keeper.take('a', text('a', listOf('one')));
    keeper.take('a', part);
    expect([keeper.inForce, keeper.last.result]).toEqual(['', 'Applied']);
    keeper.take('a', text('a', listOf('two')));
    expect(keeper.inForce).toBe('two');
  });

  it('never follows an unreadable part, allowed to follow an empty one or not', () => {
    const keeper = keeperOf(['a'], true);
    keeper.take('a', text('a', listOf('one')));
    keeper.take('a', { ok: false, source: 'a', reason: 'PermissionDenied', message: 'permission denied' });
    expect([keeper.inForce, keeper.messages]).toEqual(['one', ['a: permission denied']]);
    keeper.take('a', text('a', 'targets: ['));
    expect(keeper.inForce).toBe('one');
  });

  it('starts with what is in order, and says that it is not all', () => {
    const keeper = keeperOf(['a', 'b']);
    keeper.take('a', text('a', listOf('one')));
    keeper.take('b', text('b', 'nonsense'));
    expect(keeper.inForce).toBe('one …');
    keeper.take('b', text('b', listOf('two')));
    expect(keeper.inForce).toBe('one two');
    keeper.take('b', text('b', 'nonsense'));
    expect(keeper.inForce).toBe('one two');
  });

  it('has nothing to start with when all is broken, missing or empty', () => {
    for (const part of [text('a', 'nonsense'), missing('a'), text('a', EMPTY)]) {
      const keeper = keeperOf(['a']);
      keeper.take('a', part);
      expect([keeper.inForce, keeper.changes]).toEqual(['none …', 0]);
      expect(keeper.messages).toHaveLength(1);
    }
    const broken = keeperOf(['a'], true);
    broken.take('a', text('a', 'nonsense'));
    expect(broken.inForce).toBe('none …');
    const empty = keeperOf(['a'], true);
    empty.take('a', text('a', EMPTY));
    expect(empty.inForce).toBe('');
  });

  it("keeps no part's changes back because of another's mistake", () => {
    const keeper = keeperOf(['a']);
    keeper.take('a', text('a/1', listOf('one')), text('a/2', listOf('two')));
    keeper.take(
      'a',
      text('a/1', listOf('one', 'more')),
      text('a/2', 'nonsense'),
      text('a/3', 'new nonsense'),
    );
    expect(keeper.inForce).toBe('one more two');
    expect(new Set(keeper.last.problems.map(({ location }) => location.source))).toEqual(
      new Set(['a/2', 'a/3']),
    );
    keeper.take('a', text('a/1', listOf('one')));
    expect(keeper.inForce).toBe('one two');
    expect(keeper.messages).toEqual(['a/2: it is gone; the target that it named stays in force']);
  });

  it('does not take in what contradicts the rest, and goes on with the rest', () => {
    const keeper = keeperOf(['a', 'b']);
    keeper.take('a', text('a', listOf('one')));
    keeper.take('b', text('b', listOf('two')));
    keeper.take('b', text('b', listOf('two', 'one')));
    expect(keeper.inForce).toBe('one two');
    expect(keeper.messages).toEqual([expect.stringContaining('shop/one is declared twice')]);
    keeper.take('a', text('a', listOf('one', 'more')));
    expect(keeper.inForce).toBe('one more two');
    keeper.take('a', text('a', listOf('more')));
    expect([keeper.inForce, keeper.messages]).toEqual(['more two one', []]);
  });

  it('deletes nothing that moves from one part to another', () => {
    const seen: string[] = [];
    const keeper = keeperOf(['a', 'b', 'c']);
    const look = () => seen.push(keeper.inForce);
    keeper.take('a', text('a', listOf('one', 'moving')));
    keeper.take('b', text('b', listOf('two')));
    keeper.take('c', text('c', listOf('three')));
    // The new home contradicts a third part; the old one has already given it up.
    keeper.take('b', text('b', listOf('two', 'three', 'moving')));
    look();
    keeper.take('a', text('a', listOf('one')));
    look();
    // Then it is broken altogether, but still names it.
    keeper.take('b', text('b', listOf('two', 'moving').replace('port: 80', 'port: x')));
    look();
    keeper.take('b', text('b', listOf('two', 'moving')));
    expect(seen.every((names) => names.includes('moving'))).toBe(true);
    expect([keeper.inForce, keeper.messages]).toEqual(['one two moving three', []]);
  });

  it('follows a move within one reading, whichever part comes first', () => {
    for (const [from, to] of [
      ['d/1', 'd/2'],
      ['d/2', 'd/1'],
    ] as const) {
      const keeper = keeperOf(['d']);
      const snapshot = (old: readonly string[], young: readonly string[]) =>
        keeper.take(
          'd',
          ...[text(from, listOf(...old)), text(to, listOf(...young)), text('d/3', 'nonsense')].sort((x, y) =>
            x.source < y.source ? -1 : 1,
          ),
        );
      snapshot(['one', 'moving'], ['two']);
      snapshot(['one'], ['two', 'moving']);
      expect(keeper.inForce.split(' ').sort()).toEqual(['moving', 'one', 'two', '…'].sort());
    }
  });
});

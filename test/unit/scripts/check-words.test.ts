import { describe, expect, it } from 'vitest';
import { findWords } from '../../../scripts/check-words.ts';

const found = (text: string) => findWords(text).map((each) => each.found);

describe('findWords in identifiers', () => {
  it('names the line, the identifier and the name to use instead', () => {
    expect(findWords('const a = 1;\nconst book = new TargetBook();')).toEqual([
      { line: 2, found: 'TargetBook', instead: 'TargetRegistry' },
    ]);
  });

  it.each(['targetBook', 'targetBooks', 'newTargetBook', 'TargetBookOf', 'leftover', 'LEFTOVER_AFTER_MS'])(
    'finds a name in any camel case: %s',
    (identifier) => {
      expect(found(`  ${identifier}(now);`)).toHaveLength(1);
    },
  );

  it.each(['warning', 'forward', 'reclaimed', 'rounds', 'bookOfTargets'])(
    'does not find a name in the middle of another word: %s',
    (identifier) => {
      expect(found(`${identifier}(now);`)).toEqual([]);
    },
  );

  it('finds ordinary words only where they are a whole identifier with a capital', () => {
    expect(found('new Rounds(); rounds(); EndsRounds; keep(); hold(); mark(); tell(); leaves();')).toEqual([
      'Rounds',
    ]);
  });

  it('finds a metric by its whole name', () => {
    expect(found('workqueue_depth queue_depth external_endpoints_settle_seconds{}')).toEqual([
      'queue_depth',
      'external_endpoints_settle_seconds',
    ]);
  });
});

describe('findWords in prose', () => {
  it.each([
    ['until the list is mended', 'mended'],
    ['Whoever reads this', 'Whoever'],
    ['/** The lease and the state besides. */', 'besides'],
    ['waits in vain for it', 'in vain'],
    ['it stays for ever', 'for ever'],
    ['it cannot be had', 'be had'],
    ['What Linux makes of it', 'What Linux makes of'],
  ])('finds the word in: %s', (text, word) => {
    expect(found(text)).toEqual([word]);
  });

  it('finds words that a line break in a comment separates', () => {
    expect(findWords('/**\n * It waits in\n * vain.\n */')).toMatchObject([{ line: 2, found: 'in vain' }]);
  });

  it.each([
    'besides the list',
    'besides `a`',
    'recommend',
    'at least',
    'forever',
    'there is one',
    'made of bytes',
  ])('does not find one in: %s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

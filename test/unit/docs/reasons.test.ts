import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);

/** Quoted words of `src/plan` that are no reasons: kinds, phases, values of fields, and what a plan waits for. */
const NO_REASONS = new Set([
  ...['Service', 'Endpoints', 'EndpointSlice', 'EndpointSlices', 'ExternalName', 'FieldPath'],
  ...['Published', 'NotReady', 'Refused', 'Pending', 'Deleted', 'Orphaned', 'Delete', 'Orphan'],
  ...[
    'Apply',
    'Update',
    'Headless',
    'Local',
    'None',
    'TCP',
    'PreferDualStack',
    'RequireDualStack',
    'SingleStack',
  ],
  ...['MirroredSlicesGone', 'MirroredSlicesPresent', 'SelectedPodsReady', 'ServiceRead'],
]);

/** The first column of the tables after these marks. */
function listed(...marks: readonly string[]): string[] {
  const page = readFileSync(new URL('docs/services.md', ROOT), 'utf8');
  return marks.flatMap((mark) => {
    const [table = ''] = (page.split(`<!-- ${mark} -->\n`)[1] ?? '').split('\n\n');
    return [...table.matchAll(/^\| `(\w+)`/gm)].map(([, reason = '']) => reason);
  });
}

it('docs/services.md lists every reason that a plan gives, and no other', () => {
  const folder = new URL('src/plan/', ROOT);
  const words = readdirSync(folder).flatMap((name) => {
    const text = readFileSync(new URL(name, folder), 'utf8').replaceAll(/\/\*\*.*?\*\//gs, '');
    return [...text.matchAll(/'([A-Z][A-Za-z]+)'/g)].map(([, word = '']) => word);
  });
  const given = new Set(words.filter((word) => !NO_REASONS.has(word)));
  expect(new Set(listed('target-reasons', 'address-reasons', 'action-reasons'))).toEqual(given);
});

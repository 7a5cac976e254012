import { describe, expect, it } from 'vitest';
import { existingFrom } from '../../../src/plan/existing-objects.ts';
import { besideForeignSlices, copyReadiness } from '../../../src/plan/other-slices.ts';
import { assessed } from '../../support/assessments.ts';
import { otherSlice, ourSlice } from '../../support/kube-objects.ts';

const ADDRESS = '10.0.0.1';
const verdict = (ready: boolean) => assessed(ADDRESS, ready ? 'healthy' : 'unhealthy');

function portOf(assessments: ReturnType<typeof copyReadiness>['assessments']) {
  const port = assessments[0]?.ports[0];
  if (port === undefined) throw new Error('the address has one port');
  return port;
}

describe('copyReadiness', () => {
  it.each<[boolean | undefined, boolean, boolean, string]>([
    [true, true, true, 'Connected'],
    [true, false, true, 'ReadinessCopied'],
    [false, true, false, 'ReadinessCopied'],
    [false, false, false, 'ConnectionRefused'],
    [undefined, true, true, 'Connected'],
    [undefined, false, false, 'ConnectionRefused'],
  ])('other slice %s, verdict %s: ready %s, %s', (other, ours, ready, reason) => {
    const slice = otherSlice(other === undefined ? { '10.0.0.9': true } : { [ADDRESS]: other });
    expect(portOf(copyReadiness([slice], [verdict(ours)]).assessments)).toMatchObject({ ready, reason });
  });

  it('says which slice the readiness comes from, and what follows', () => {
    const slices = [otherSlice({ [ADDRESS]: true })];
    expect(portOf(copyReadiness(slices, [verdict(false)]).assessments).message).toBe(
      'copies the readiness in EndpointSlice db-x7k2p until that slice is removed; then: not ready',
    );
  });

  it('copies ready if two other slices disagree', () => {
    const slices = [otherSlice({ [ADDRESS]: false }), otherSlice({ [ADDRESS]: true })];
    expect(portOf(copyReadiness(slices, [verdict(false)]).assessments).ready).toBe(true);
  });
});

describe('besideForeignSlices', () => {
  const result = (theirs: boolean, ours: boolean, served: boolean) =>
    portOf(
      besideForeignSlices(
        [otherSlice({ [ADDRESS]: theirs }, 'by-hand')],
        existingFrom([ourSlice({ [ADDRESS]: served })]),
        [verdict(ours)],
      ),
    );

  it.each([
    { theirs: true, ours: true, served: false, ready: true, reason: 'Connected' },
    { theirs: true, ours: false, served: true, ready: false, withheld: true, reason: 'ServedByOthers' },
    { theirs: false, ours: false, served: true, ready: false, reason: 'ConnectionRefused' },
    { theirs: false, ours: true, served: true, ready: true, reason: 'Connected' },
    { theirs: false, ours: true, served: false, ready: false, withheld: false, reason: 'ServedByOthers' },
  ])(
    'theirs $theirs, verdict $ours, served by us $served: ready $ready, $reason',
    ({ theirs, ours, served, ...expected }) => {
      expect(result(theirs, ours, served)).toMatchObject(expected);
    },
  );

  it('says which slice has the address, and what the check found', () => {
    expect(result(true, false, true).message).toBe(
      'EndpointSlice db-x7k2p is not ours and has this address as ready, so our slices leave it out; found: ConnectionRefused',
    );
    expect(result(false, true, false).message).toBe(
      'EndpointSlice db-x7k2p is not ours and has this address as not ready, so our slices wait until it agrees; found: Connected',
    );
  });
});

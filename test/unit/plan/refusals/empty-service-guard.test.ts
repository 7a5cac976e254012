import { describe, expect, it } from 'vitest';
import type { Assessment } from '../../../../src/endpoint/assessment.ts';
import type { NameTrouble } from '../../../../src/endpoint/name-memory.ts';
import type { KubeObject } from '../../../../src/manifest/kube-object.ts';
import { SLICE_CONTROLLER } from '../../../../src/manifest/labels.ts';
import { assessed } from '../../../support/assessments.ts';
import {
  otherEndpoints,
  otherService,
  otherSlice,
  ourEndpoints,
  ourService,
  ourSlice,
} from '../../../support/kube-objects.ts';
import { planned } from '../../../support/plans.ts';

const READY = { '10.0.0.1': true, '10.0.0.2': true };
const OURS = [ourService(), ourEndpoints(READY), ourSlice(READY)];
const KEPT_BY_HAND = [otherService(), otherEndpoints(READY), otherSlice(READY)];
const EXTERNAL_NAME = [otherService({ type: 'ExternalName', externalName: 'db.example', ipFamilies: [] })];

const undecided = (address: string) =>
  assessed(address, 'unknown', { source: 'host db', port: { reason: 'NotCheckedYet' } });
const dead = (address: string) => assessed(address, 'unhealthy', { source: 'host db' });
const UNDECIDED = ['10.0.0.1', '10.0.0.2'].map(undecided);
const DEAD = ['10.0.0.1', '10.0.0.2'].map(dead);
const UNRESOLVED = [{ source: 'host db', reason: 'NameNotFound', message: 'host db does not exist' }];

interface Row {
  readonly given: string;
  readonly objects: readonly KubeObject[];
  readonly assessments: readonly Assessment[];
  readonly troubles?: readonly NameTrouble[];
  /** What the message says before the reason why no address is ready; `published`: the guard does not act. */
  readonly result: string;
}

const BOTH = '2 addresses are ready now (10.0.0.1, 10.0.0.2) and none would be ready';
const SECOND = '1 address is ready now (10.0.0.2) and none would be ready';
const NAME = 'the ExternalName db.example stays, because no address is ready';

describe('emptyServiceGuard', () => {
  it.each<Row>([
    { given: 'ours, no verdict yet', objects: OURS, assessments: UNDECIDED, result: BOTH },
    {
      given: 'ours, one dead, one without a verdict',
      objects: OURS,
      assessments: [dead('10.0.0.1'), undecided('10.0.0.2')],
      result: SECOND,
    },
    { given: 'ours, all dead', objects: OURS, assessments: DEAD, result: 'published' },
    {
      given: 'ours, the list has other addresses, which are dead',
      objects: OURS,
      assessments: [dead('10.0.0.8')],
      result: 'published',
    },
    {
      given: 'ours, the list has other addresses, without a verdict',
      objects: OURS,
      assessments: [undecided('10.0.0.8')],
      result: BOTH,
    },
    {
      given: 'ours, the name has no address',
      objects: OURS,
      assessments: [],
      troubles: UNRESOLVED,
      result: BOTH,
    },
    {
      given: 'ours, the name fails and its held addresses are dead',
      objects: OURS,
      assessments: [dead('10.0.0.8')],
      troubles: UNRESOLVED,
      result: 'published',
    },
    {
      given: 'ours, every address is refused',
      objects: OURS,
      assessments: [assessed('10.0.0.8', 'unknown', { refused: true, port: { reason: 'AddressDenied' } })],
      result: 'published',
    },
    {
      given: 'ours, not ready before',
      objects: [ourService(), ourSlice({ '10.0.0.1': false })],
      assessments: UNDECIDED,
      result: 'published',
    },
    {
      given: 'adopting, no verdict yet: the readiness is copied first',
      objects: KEPT_BY_HAND,
      assessments: UNDECIDED,
      result: 'published',
    },
    {
      given: 'adopting, all dead: the readiness is copied first',
      objects: KEPT_BY_HAND,
      assessments: DEAD,
      result: 'published',
    },
    {
      given: 'adopting, the list has other addresses, without a verdict',
      objects: KEPT_BY_HAND,
      assessments: [undecided('10.0.0.8')],
      result: BOTH,
    },
    {
      given: 'adopting, the list has other addresses, which are dead',
      objects: KEPT_BY_HAND,
      assessments: [dead('10.0.0.8')],
      result: BOTH,
    },
    {
      given: 'adopting, one of two addresses is in the list and dead',
      objects: KEPT_BY_HAND,
      assessments: [dead('10.0.0.1')],
      result: 'published',
    },
    {
      given: 'adopting slices of a removed selector, other addresses dead',
      objects: [ourService(), otherSlice(READY, SLICE_CONTROLLER)],
      assessments: [dead('10.0.0.8')],
      result: BOTH,
    },
    {
      given: 'adopting mirrored slices without Endpoints, other addresses dead',
      objects: [ourService(), otherSlice(READY)],
      assessments: [dead('10.0.0.8')],
      result: BOTH,
    },
    {
      given: 'ours with mirrored slices, other addresses dead',
      objects: [...OURS, otherSlice(READY)],
      assessments: [dead('10.0.0.8')],
      result: 'published',
    },
    { given: 'ExternalName, no verdict yet', objects: EXTERNAL_NAME, assessments: UNDECIDED, result: NAME },
    { given: 'ExternalName, all dead', objects: EXTERNAL_NAME, assessments: DEAD, result: NAME },
    {
      given: 'ExternalName, one healthy',
      objects: EXTERNAL_NAME,
      assessments: [assessed('10.0.0.1', 'healthy')],
      result: 'published',
    },
    {
      given: 'a new Service, no verdict yet',
      objects: [],
      assessments: UNDECIDED,
      result: 'published',
    },
  ])('$given: $result', ({ result, ...question }) => {
    const { plan } = planned({ ...question, options: { adopt: true } });
    if (result === 'published') {
      expect(plan.reason).not.toBe('WouldLeaveNoneReady');
      expect(plan.phase).toMatch(/^(Published|NotReady)$/);
    } else {
      expect(plan).toMatchObject({ phase: 'Pending', reason: 'WouldLeaveNoneReady', actions: [] });
      expect(plan.message.slice(0, plan.message.indexOf(':'))).toBe(result);
    }
  });

  it('names three addresses at most', () => {
    const served = Object.fromEntries([1, 2, 3, 4].map((n) => [`10.0.0.${n}`, true]));
    const { plan } = planned({
      objects: [ourService(), ourSlice(served)],
      assessments: Object.keys(served).map(undecided),
    });
    expect(plan.message).toContain('4 addresses are ready now (10.0.0.1, 10.0.0.2, 10.0.0.3, …)');
  });

  it('says why no address is ready', () => {
    const { plan } = planned({ objects: OURS, assessments: [], troubles: UNRESOLVED });
    expect(plan.message).toBe(`${BOTH}: host db: NameNotFound: host db does not exist`);
  });
});

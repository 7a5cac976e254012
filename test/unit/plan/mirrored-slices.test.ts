import { describe, expect, it } from 'vitest';
import type { Assessment } from '../../../src/endpoint/assessment.ts';
import type { KubeObject } from '../../../src/manifest/kube-object.ts';
import { SKIP_MIRROR_LABEL } from '../../../src/manifest/labels.ts';
import { assessed, readinessOf } from '../../support/assessments.ts';
import {
  otherEndpoints,
  otherService,
  otherSlice,
  ourEndpoints,
  ourService,
  ourSlice,
  targetDb,
} from '../../support/kube-objects.ts';
import { linesOf, planned } from '../../support/plans.ts';

const BOTH_READY = { '10.0.0.1': true, '10.0.0.2': true };
const ALIVE = [assessed('10.0.0.1', 'healthy'), assessed('10.0.0.2', 'healthy')];
const ONE_DEAD = [assessed('10.0.0.1', 'healthy'), assessed('10.0.0.2', 'unhealthy')];
const DRAIN_SUSPENDED = [
  assessed('10.0.0.1', 'healthy'),
  assessed('10.0.0.2', 'unhealthy', { port: { ready: true, reason: 'VantageSuspect' } }),
];

const ONE_STANDBY = [
  assessed('10.0.0.1', 'healthy'),
  assessed('10.0.0.2', 'healthy', { port: { ready: false, reason: 'Standby' } }),
];

const OURS = [ourService(), ourSlice(BOTH_READY), otherSlice(BOTH_READY)];
/** The Endpoints tell the mirroring controller to stop. */
const SKIP_MIRROR = [...OURS, ourEndpoints(BOTH_READY)];
/** The Endpoints are mirrored: a person, or a release, changed the label. */
const MIRRORED = [...OURS, ourEndpoints(BOTH_READY, targetDb(), { [SKIP_MIRROR_LABEL]: 'false' })];

interface Row {
  readonly given: string;
  readonly objects: readonly KubeObject[];
  readonly assessments: readonly Assessment[];
  readonly adopt: boolean;
  readonly mirrorStopped: boolean | undefined;
  readonly result: 'stops the mirror' | 'waits' | 'deletes';
}

const RESULTS = {
  'stops the mirror': {
    actions: ['update Endpoints db: MetadataChanged'],
    continuation: { until: 'MirroredSlicesGone' },
  },
  waits: { actions: [], continuation: { until: 'MirroredSlicesGone' } },
  deletes: {
    actions: ['delete EndpointSlice db-x7k2p: MirrorLeftBehind'],
    continuation: { until: 'ServiceRead' },
  },
};

function row(
  given: string,
  objects: readonly KubeObject[],
  assessments: readonly Assessment[],
  adopt: boolean,
  mirrorStopped: boolean | undefined,
  result: Row['result'],
): Row {
  return { given, objects, assessments, adopt, mirrorStopped, result };
}

describe('planTarget, with mirrored slices beside ours', () => {
  it.each<Row>([
    row('Endpoints are mirrored', MIRRORED, ALIVE, false, undefined, 'stops the mirror'),
    row('Endpoints are mirrored, an address died', MIRRORED, ONE_DEAD, false, true, 'stops the mirror'),
    row('skip-mirror, time not measured', SKIP_MIRROR, ALIVE, true, undefined, 'deletes'),
    row('skip-mirror, adopt', SKIP_MIRROR, ALIVE, true, false, 'waits'),
    row('skip-mirror, adopt, an address died', SKIP_MIRROR, ONE_DEAD, true, false, 'waits'),
    row('skip-mirror, adopt, mirror stopped', SKIP_MIRROR, ONE_DEAD, true, true, 'deletes'),
    row('skip-mirror, ours', SKIP_MIRROR, ALIVE, false, false, 'waits'),
    row('skip-mirror, ours, an address died', SKIP_MIRROR, ONE_DEAD, false, false, 'deletes'),
    row('skip-mirror, ours, a drain is suspended', SKIP_MIRROR, DRAIN_SUSPENDED, false, false, 'waits'),
    row('skip-mirror, ours, an address became a standby', SKIP_MIRROR, ONE_STANDBY, false, false, 'waits'),
    row('skip-mirror, ours, mirror stopped', SKIP_MIRROR, ALIVE, false, true, 'deletes'),
  ])('$given (mirrorStopped: $mirrorStopped): $result', ({ result, adopt, ...question }) => {
    const { plan, assessments } = planned({ ...question, options: { adopt } });
    expect({ actions: linesOf(plan.actions), continuation: plan.continuation }).toEqual(RESULTS[result]);
    // No slice of ours contradicts the mirrored one.
    expect(assessments.map(({ ports }) => ports[0]?.ready)).toEqual([true, true]);
  });

  it('deletes a mirrored slice with uid and resourceVersion as preconditions', () => {
    const { plan } = planned({ objects: SKIP_MIRROR, mirrorStopped: true });
    expect(plan.actions).toMatchObject([
      { verb: 'delete', uid: 'uid-EndpointSlice-db-x7k2p', resourceVersion: '7' },
    ]);
  });

  it('publishes the verdicts once the mirrored slices are gone', () => {
    const objects = SKIP_MIRROR.filter(({ metadata }) => metadata.name !== 'db-x7k2p');
    const { plan, assessments } = planned({ objects, assessments: ONE_DEAD, mirrorStopped: true });
    expect(readinessOf(assessments)).toContain('10.0.0.2 not ready ConnectionRefused');
    expect(linesOf(plan.actions)).toEqual([
      'update EndpointSlice db-ipv4-0: EndpointsChanged',
      'update Endpoints db: EndpointsChanged',
    ]);
    expect(plan.continuation).toBeUndefined();
  });

  it('publishes the verdict of an address that no mirrored slice has, in slices and Endpoints', () => {
    const objects = [ourService(), ourSlice(BOTH_READY), otherSlice({ '10.0.0.1': true })];
    const { plan, assessments } = planned({
      objects: [...objects, ourEndpoints(BOTH_READY)],
      assessments: ONE_DEAD,
      mirrorStopped: false,
    });
    expect(readinessOf(assessments)).toContain('10.0.0.2 not ready ConnectionRefused');
    expect(linesOf(plan.actions)).toEqual([
      'update EndpointSlice db-ipv4-0: EndpointsChanged',
      'update Endpoints db: EndpointsChanged',
    ]);
    expect(plan.continuation).toEqual({ until: 'MirroredSlicesGone' });
  });

  it('copies not ready from a mirrored slice, too', () => {
    const objects = [ourService(), otherSlice({ '10.0.0.1': false, '10.0.0.2': true })];
    const { assessments } = planned({
      objects: [...objects, ourEndpoints(BOTH_READY)],
      mirrorStopped: false,
    });
    expect(readinessOf(assessments)).toEqual([
      '10.0.0.1 not ready ReadinessCopied',
      '10.0.0.2 ready Connected',
    ]);
  });

  it('adopts Endpoints of another owner first and waits, whatever mirrorStopped says', () => {
    const { plan } = planned({
      objects: [otherService(), otherEndpoints(BOTH_READY), otherSlice(BOTH_READY)],
      assessments: ONE_DEAD,
      options: { adopt: true },
      mirrorStopped: true,
    });
    expect(linesOf(plan.actions)).toEqual([
      'update Endpoints db: OwnershipTaken',
      'create EndpointSlice db-ipv4-0: Missing',
      'update Service db: OwnershipTaken',
      'update Service db: Adopted',
      'update Endpoints db: Adopted',
    ]);
    expect(plan.continuation).toEqual({ until: 'MirroredSlicesGone' });
  });

  it('writes the verdict to Endpoints at once if only Endpoints are published', () => {
    const target = targetDb('endpoints: [{ address: 10.0.0.1 }], publish: { resources: [Endpoints] }');
    const { plan, assessments } = planned({
      target,
      objects: [ourService(target), ourEndpoints(BOTH_READY, target), otherSlice(BOTH_READY)],
      assessments: ONE_DEAD,
    });
    expect(readinessOf(assessments)).toContain('10.0.0.2 not ready ConnectionRefused');
    expect(linesOf(plan.actions)).toEqual(['update Endpoints db: EndpointsChanged']);
    expect(plan.continuation).toBeUndefined();
  });
});

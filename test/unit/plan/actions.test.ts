import { describe, expect, it } from 'vitest';
import { entriesOf } from '../../../src/manifest/endpoint-entry.ts';
import { buildEndpoints } from '../../../src/manifest/endpoints.ts';
import type { EndpointsObject, KubeObject } from '../../../src/manifest/kube-object.ts';
import { MANAGED_BY_LABEL, MANAGER, SKIP_MIRROR_LABEL } from '../../../src/manifest/labels.ts';
import { buildService } from '../../../src/manifest/service.ts';
import { applyAction, deleteAction, secondApplyAction } from '../../../src/plan/actions/apply-action.ts';
import {
  adoptEndpointsAction,
  allowMirror,
  dropFieldOwnership,
  isFieldOwnershipDropped,
  removeOwnershipLabels,
  setSelector,
} from '../../../src/plan/actions/ownership-patches.ts';
import {
  otherEndpoints,
  otherService,
  ourEndpoints,
  ourService,
  ourSlice,
  stored,
  targetDb,
} from '../../support/kube-objects.ts';
import { healthy } from '../../support/plans.ts';

const READY = { '10.0.0.1': true };
const OURS = { adopting: false, force: false, awaitsServiceUid: false };

const desiredService = (fields = '') =>
  buildService(targetDb(`endpoints: [{ address: 10.0.0.1 }], ${fields}`), 'default');
const desiredEndpoints = (...addresses: readonly string[]) =>
  buildEndpoints(targetDb(), 'default', entriesOf(healthy(...addresses), targetDb()));

interface Row {
  readonly given: string;
  readonly existing: KubeObject | undefined;
  readonly desired: KubeObject;
  readonly adopting?: boolean;
  /** `VERB REASON`, and `forced`; `-`: nothing is written. */
  readonly result: string;
  readonly conflicts?: readonly string[];
}

const edited = { ...ourService().spec, internalTrafficPolicy: 'Local' };

describe('applyAction', () => {
  it.each<Row>([
    { given: 'no object', existing: undefined, desired: desiredService(), result: 'create Missing' },
    { given: 'an equal object', existing: ourService(), desired: desiredService(), result: '-' },
    {
      given: 'another label',
      existing: ourService(),
      desired: desiredService('service: { labels: { a: b } }'),
      result: 'update MetadataChanged',
    },
    {
      given: 'another field of the spec',
      existing: ourService(),
      desired: desiredService('service: { sessionAffinity: ClientIP }'),
      result: 'update SpecChanged',
    },
    {
      given: 'other addresses',
      existing: ourEndpoints(READY),
      desired: desiredEndpoints('10.0.0.2'),
      result: 'update EndpointsChanged',
    },
    {
      given: 'equal fields of another manager',
      existing: stored(desiredService(), 'kubectl-create'),
      desired: desiredService(),
      result: 'update FieldsNotOurs',
    },
    {
      given: 'a field that another manager edited',
      existing: stored({ ...ourService(), spec: edited } as KubeObject, 'kubectl-edit', 'Update'),
      desired: desiredService(),
      result: 'update SpecChanged forced',
    },
    {
      given: 'a field that another manager applies',
      existing: stored({ ...ourService(), spec: edited } as KubeObject, 'argocd', 'Apply'),
      desired: desiredService(),
      result: 'update SpecChanged forced',
      conflicts: ['spec.internalTrafficPolicy'],
    },
    {
      given: 'an object of another owner',
      existing: otherService(),
      desired: desiredService(),
      adopting: true,
      result: 'update Adopted forced',
    },
  ])('$given: $result', ({ existing, desired, adopting = false, result, conflicts = [] }) => {
    const { action, conflicts: found } = applyAction(desired, existing, { ...OURS, adopting });
    const words = [action?.verb, action?.reason, action?.force ? 'forced' : ''].filter(Boolean);
    expect(words.join(' ') || '-').toBe(result);
    expect(found.map(({ path }) => path)).toEqual(conflicts);
  });

  it('has no conflict with force', () => {
    const existing = stored({ ...ourService(), spec: edited } as KubeObject, 'argocd', 'Apply');
    expect(applyAction(desiredService(), existing, { ...OURS, force: true }).conflicts).toEqual([]);
  });

  it('updates with uid and resourceVersion as preconditions, and creates without', () => {
    const update = applyAction(desiredService('service: { labels: { a: b } }'), ourService(), OURS).action;
    expect(update?.body.metadata).toMatchObject({ uid: 'uid-Service-db', resourceVersion: '7' });
    const create = applyAction(desiredService(), undefined, OURS).action;
    expect(create?.body.metadata).not.toHaveProperty('uid');
    expect(create?.body.metadata).not.toHaveProperty('resourceVersion');
  });

  it('throws for an object that was read without uid or resourceVersion', () => {
    const { uid: _, ...metadata } = ourService().metadata;
    const existing = { ...ourService(), metadata };
    expect(() => applyAction(desiredService('service: { labels: { a: b } }'), existing, OURS)).toThrow(
      'Service db was read without uid or resourceVersion',
    );
  });
});

describe('secondApplyAction', () => {
  it('has the preconditions of the object as it was read', () => {
    const first = applyAction(desiredEndpoints('10.0.0.2'), ourEndpoints(READY), OURS).action;
    if (first === undefined) throw new Error('the first apply writes the addresses');
    const second = secondApplyAction(desiredEndpoints('10.0.0.3'), first);
    expect(second).toMatchObject({ verb: 'update', reason: 'EndpointsChanged' });
    expect(second?.body.metadata).toMatchObject({ uid: 'uid-Endpoints-db', resourceVersion: '7' });
  });

  it('is undefined if the first apply writes the same', () => {
    const first = applyAction(desiredEndpoints('10.0.0.2'), ourEndpoints(READY), OURS).action;
    if (first === undefined) throw new Error('the first apply writes the addresses');
    expect(secondApplyAction(desiredEndpoints('10.0.0.2'), first)).toBeUndefined();
  });
});

describe('deleteAction', () => {
  it('has uid and resourceVersion as preconditions', () => {
    expect(deleteAction('EndpointSlice', ourSlice(READY), 'Surplus')).toEqual({
      verb: 'delete',
      kind: 'EndpointSlice',
      namespace: 'shop',
      name: 'db-ipv4-0',
      uid: 'uid-EndpointSlice-db-ipv4-0',
      resourceVersion: '7',
      reason: 'Surplus',
    });
  });
});

describe('adoptEndpointsAction', () => {
  it('adds the ownership labels without skip-mirror, and keeps the addresses', () => {
    const existing = otherEndpoints(READY, { labels: { team: 'a' } });
    const { action, after } = adoptEndpointsAction(existing, desiredEndpoints('10.0.0.9'));
    expect(action).toMatchObject({ reason: 'OwnershipTaken', resourceVersion: '7', patchType: 'json' });
    expect(after).toMatchObject({ subsets: existing.subsets });
    expect(after.metadata.labels).toMatchObject({ team: 'a', [MANAGED_BY_LABEL]: MANAGER });
    expect(after.metadata.labels).not.toHaveProperty([SKIP_MIRROR_LABEL]);
    expect(after.metadata.managedFields?.map(({ manager }) => manager)).toEqual([MANAGER, MANAGER]);
  });
});

describe('removeOwnershipLabels', () => {
  it('removes our labels and our entries in managedFields, and no other label', () => {
    const endpoints = ourEndpoints(READY, targetDb(), { team: 'a' });
    expect(removeOwnershipLabels(endpoints)).toMatchObject({
      reason: 'Released',
      resourceVersion: '7',
      patch: [
        { op: 'remove', path: '/metadata/labels/app.kubernetes.io~1managed-by' },
        { op: 'remove', path: '/metadata/labels/external-endpoints~1instance' },
        { op: 'add', path: '/metadata/managedFields', value: [{}] },
      ],
    });
  });

  it.each([
    ['false', true],
    ['true', false],
  ])('removes skip-mirror if it is "%s": %s', (value, isRemoved) => {
    const { patch } = removeOwnershipLabels(ourEndpoints(READY, targetDb(), { [SKIP_MIRROR_LABEL]: value }));
    const paths = (patch as readonly { readonly path: string }[]).map(({ path }) => path);
    expect(paths.includes('/metadata/labels/endpointslice.kubernetes.io~1skip-mirror')).toBe(isRemoved);
  });

  it('keeps the entries of other managers in managedFields', () => {
    const slice = ourSlice(READY);
    const other = { manager: 'kubectl', operation: 'Update' } as const;
    const managedFields = [...(slice.metadata.managedFields ?? []), other];
    const { patch } = removeOwnershipLabels({ ...slice, metadata: { ...slice.metadata, managedFields } });
    expect(patch).toContainEqual({ op: 'add', path: '/metadata/managedFields', value: [other] });
  });
});

describe('dropFieldOwnership', () => {
  it('changes nothing but managedFields', () => {
    expect(dropFieldOwnership(ourSlice(READY))).toMatchObject({
      patch: [{ op: 'add', path: '/metadata/managedFields', value: [{}] }],
      changes: [{ path: 'metadata.managedFields', from: MANAGER, to: undefined }],
    });
  });

  it('is undefined for an object without an entry of ours', () => {
    const slice = stored(ourSlice(READY), 'kubectl');
    expect(isFieldOwnershipDropped(slice)).toBe(true);
    expect(dropFieldOwnership(slice)).toBeUndefined();
  });
});

describe('allowMirror', () => {
  const labelOf = ({ metadata }: EndpointsObject) => metadata.labels?.[SKIP_MIRROR_LABEL];

  it.each<[string | undefined, string | undefined]>([
    ['true', 'false'],
    ['false', undefined],
  ])('changes skip-mirror from "%s" to "%s", so that an earlier plan meets a conflict', (from, to) => {
    const endpoints = ourEndpoints(READY, targetDb(), { [SKIP_MIRROR_LABEL]: from });
    const { action, after } = allowMirror(endpoints);
    expect(labelOf(after)).toBe(to);
    expect(action.changes).toEqual([{ path: `metadata.labels.${SKIP_MIRROR_LABEL}`, from, to }]);
    expect(action.resourceVersion).toBe('7');
  });
});

describe('setSelector', () => {
  it('sets the selector of the Service that was read', () => {
    expect(setSelector(ourService(), { app: 'db' })).toMatchObject({
      kind: 'Service',
      resourceVersion: '7',
      patch: [{ op: 'add', path: '/spec/selector', value: { app: 'db' } }],
    });
  });
});

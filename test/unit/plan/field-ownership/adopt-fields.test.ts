import { describe, expect, it } from 'vitest';
import type {
  EndpointsObject,
  KubeObject,
  ManagedFieldsEntry,
  ServiceObject,
  ServicePort,
} from '../../../../src/manifest/kube-object.ts';
import { MANAGER } from '../../../../src/manifest/labels.ts';
import {
  type AdoptionOptions,
  type AdoptionResult,
  adoptFields,
} from '../../../../src/plan/field-ownership/adopt-fields.ts';
import { pathsOwnedBy, readablePath } from '../../../../src/plan/field-ownership/field-paths.ts';
import { stored } from '../../../support/kube-objects.ts';

type Labels = Readonly<Record<string, string>>;

function service(ports: readonly ServicePort[], labels: Labels = {}): ServiceObject {
  const metadata = { name: 'db', namespace: 'shop', labels };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } };
}

function endpoints(labels: Labels, annotations: Labels = {}): EndpointsObject {
  const metadata = { name: 'db', namespace: 'shop', labels, annotations };
  return { apiVersion: 'v1', kind: 'Endpoints', metadata };
}

/** The live object with the `managedFields` of all of these. */
function live(object: KubeObject, ...owners: readonly KubeObject[]): KubeObject {
  const managedFields = owners.flatMap(({ metadata }) => metadata.managedFields ?? []);
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

/** `MANAGER OPERATION: PATHS`, one line an entry. */
function ownersOf(entries: readonly ManagedFieldsEntry[] = []): string[] {
  return entries.map((entry) => {
    const paths = [...pathsOwnedBy(entry)].map(readablePath).toSorted();
    return `${entry.manager} ${entry.operation}: ${paths.join(' ')}`;
  });
}

function resultOf({ adoption, conflicts }: AdoptionResult) {
  return {
    owners: ownersOf(adoption?.managedFields),
    conflicts: conflicts.map(({ path, manager }) => `${path} (${manager})`),
  };
}

const HTTP = { name: 'http', port: 80 };
const METRICS = { name: 'metrics', port: 9187 };
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';
const DRIFT: AdoptionOptions = { adopting: false, force: false };
const DRIFT_FORCED: AdoptionOptions = { adopting: false, force: true };
const ADOPTING: AdoptionOptions = { adopting: true, force: true };

interface Row {
  readonly given: string;
  readonly existing: KubeObject;
  readonly desired: KubeObject;
  readonly options: AdoptionOptions;
  readonly owners: readonly string[];
  readonly conflicts?: readonly string[];
}

const ours = stored(service([HTTP]), MANAGER);
const edited = stored(service([METRICS]), 'kubectl-edit', 'Update');
const applied = stored(service([METRICS]), 'argocd', 'Apply');
const renamed = stored(service([{ port: 80, name: 'http', targetPort: 8080 }]), 'argocd', 'Apply');

describe('adoptFields', () => {
  it.each<Row>([
    {
      given: 'an object that is ours alone: nothing changes',
      existing: ours,
      desired: service([HTTP]),
      options: DRIFT,
      owners: [],
    },
    {
      given: 'a port that another manager added by an edit: it becomes ours',
      existing: live(service([HTTP, METRICS]), ours, edited),
      desired: service([HTTP]),
      options: DRIFT,
      owners: [
        `${MANAGER} Apply: spec.ports[80/TCP].name spec.ports[80/TCP].port spec.ports[9187/TCP].name spec.ports[9187/TCP].port`,
      ],
    },
    {
      given: 'a port that another manager applies: it stays, without a conflict',
      existing: live(service([HTTP, METRICS]), ours, applied),
      desired: service([HTTP]),
      options: DRIFT,
      owners: [],
    },
    {
      given: 'a port that another manager applies, force: it becomes ours',
      existing: live(service([HTTP, METRICS]), ours, applied),
      desired: service([HTTP]),
      options: DRIFT_FORCED,
      owners: [
        `${MANAGER} Apply: spec.ports[80/TCP].name spec.ports[80/TCP].port spec.ports[9187/TCP].name spec.ports[9187/TCP].port`,
      ],
    },
    {
      given: 'a field of our port that another manager applies: a conflict',
      existing: live(service([{ ...HTTP, targetPort: 8080 }]), ours, renamed),
      desired: service([HTTP]),
      options: DRIFT,
      owners: [],
      conflicts: ['spec.ports[80/TCP].targetPort (argocd)'],
    },
    {
      given: 'a field of our port that another manager applies, force: it becomes ours',
      existing: live(service([{ ...HTTP, targetPort: 8080 }]), ours, renamed),
      desired: service([HTTP]),
      options: DRIFT_FORCED,
      owners: [
        'argocd Apply: spec.ports[80/TCP].name spec.ports[80/TCP].port',
        `${MANAGER} Apply: spec.ports[80/TCP].name spec.ports[80/TCP].port spec.ports[80/TCP].targetPort`,
      ],
    },
    {
      given: 'the node port of our port: it stays with its owner',
      existing: live(
        service([{ ...HTTP, nodePort: 30_080 }]),
        ours,
        stored(service([{ port: 80, nodePort: 30_080 }]), 'kube-apiserver'),
      ),
      desired: service([HTTP]),
      options: DRIFT,
      owners: [],
    },
    {
      given: 'a label of another manager: it stays with its owner',
      existing: live(service([HTTP], { team: 'a' }), ours, stored(service([], { team: 'a' }), 'kubectl')),
      desired: service([HTTP]),
      options: DRIFT,
      owners: [],
    },
    {
      given: 'a label that only we may set, from another manager: a conflict',
      existing: live(
        endpoints({ a: '1', [SKIP_MIRROR]: 'true' }),
        stored(endpoints({ a: '1' }), MANAGER),
        stored(endpoints({ [SKIP_MIRROR]: 'true' }), 'flux', 'Apply'),
      ),
      desired: endpoints({ a: '1' }),
      options: DRIFT,
      owners: [],
      conflicts: [`metadata.labels.${SKIP_MIRROR} (flux)`],
    },
    {
      given: 'a label that only we may set, from an edit: it becomes ours',
      existing: live(
        endpoints({ a: '1', [SKIP_MIRROR]: 'true' }),
        stored(endpoints({ a: '1' }), MANAGER),
        stored(endpoints({ [SKIP_MIRROR]: 'true' }), 'kubectl-label'),
      ),
      desired: endpoints({ a: '1' }),
      options: DRIFT,
      owners: [`${MANAGER} Apply: metadata.labels.a metadata.labels.${SKIP_MIRROR}`],
    },
    {
      given: 'adopting: wanted and unwanted fields become ours, the rest an update of ours',
      existing: stored(service([HTTP, METRICS], { team: 'a' }), 'kubectl-create'),
      desired: service([HTTP]),
      options: ADOPTING,
      owners: [
        `${MANAGER} Apply: spec.ports[80/TCP].name spec.ports[80/TCP].port spec.ports[9187/TCP].name spec.ports[9187/TCP].port`,
        `${MANAGER} Update: metadata.labels.team`,
      ],
    },
    {
      given: 'adopting: the annotation of kubectl apply becomes ours, and goes with the next apply',
      existing: stored(
        endpoints({}, { 'kubectl.kubernetes.io/last-applied-configuration': '{}', note: 'x' }),
        'kubectl',
      ),
      desired: endpoints({}),
      options: ADOPTING,
      owners: [
        `${MANAGER} Apply: metadata.annotations.kubectl.kubernetes.io/last-applied-configuration`,
        `${MANAGER} Update: metadata.annotations.note`,
      ],
    },
    {
      given: 'adopting an object that only we own: nothing changes',
      existing: ours,
      desired: service([HTTP]),
      options: ADOPTING,
      owners: [],
    },
    {
      given: 'no managedFields at all: the whole object becomes ours',
      existing: service([HTTP]),
      desired: service([HTTP]),
      options: DRIFT,
      owners: [`${MANAGER} Apply: spec.ports[80/TCP].name spec.ports[80/TCP].port`],
    },
  ])('$given', ({ existing, desired, options, owners, conflicts = [] }) => {
    expect(resultOf(adoptFields(existing, desired, options))).toEqual({ owners, conflicts });
  });

  it('keeps entries of subresources', () => {
    const existing = stored(service([HTTP]), 'kubectl-create');
    const status = {
      manager: 'kcm',
      operation: 'Update',
      subresource: 'status',
      fieldsV1: { 'f:status': {} },
    } as const;
    const managedFields = [...(existing.metadata.managedFields ?? []), status];
    const { adoption } = adoptFields(
      { ...existing, metadata: { ...existing.metadata, managedFields } },
      service([HTTP]),
      ADOPTING,
    );
    expect(adoption?.managedFields).toContainEqual(status);
  });

  it('changes the owners, not the content', () => {
    const existing = stored(service([HTTP, METRICS]), 'kubectl-create');
    const { adoption } = adoptFields(existing, service([HTTP]), ADOPTING);
    expect(adoption?.after).toEqual({
      ...existing,
      metadata: { ...existing.metadata, managedFields: adoption?.managedFields },
    });
    expect(adoption?.changes).toEqual([
      { path: 'owner of spec.ports[9187/TCP].name', from: 'others', to: MANAGER },
      { path: 'owner of spec.ports[9187/TCP].port', from: 'others', to: MANAGER },
    ]);
  });

  it('says whether the whole object changes owner', () => {
    const whole = adoptFields(stored(service([METRICS]), 'kubectl-create'), service([HTTP]), ADOPTING);
    const single = adoptFields(live(service([HTTP, METRICS]), ours, edited), service([HTTP]), DRIFT);
    expect([whole.adoption?.isWhole, single.adoption?.isWhole]).toEqual([true, false]);
  });
});

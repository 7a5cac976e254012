import type { ObjectStore } from '../../../src/cluster/object-store.ts';
import { handKeptEndpoints, handKeptService, handKeptSlice, PG } from './hand-kept.ts';
import type { Stage } from './stage.ts';

/** Something that happens to a Service that takes traffic all the time. */
export interface Flow {
  readonly name: string;
  readonly needsControllers: boolean;
  /** The cluster's Services have both families. */
  readonly needsDualStack?: boolean;
  /** Makes what is there before. */
  prepare(stage: Stage, service: string): Promise<void>;
  /** The process that may be killed. Resolves with the phase and reason of the target. */
  run(stage: Stage, service: string, store: ObjectStore): Promise<string>;
  /** Phase and reason at the end. */
  readonly ends: RegExp;
  /** Addresses that take traffic at every moment. */
  readonly always: readonly string[];
}

const THREE = ['10.1.0.1', '10.1.0.2', '10.1.0.3'];
/** One of three refuses connections, which nobody has noticed so far. */
const DEAD = '10.1.0.3';
const ALIVE = THREE.filter((address) => address !== DEAD);

function target(name: string, addresses: readonly string[], more = ''): string {
  return `
  - name: ${name}
    ports: [{ name: pg, port: 5432 }]
    endpoints: [${addresses.map((address) => `{ address: "${address}" }`).join(', ')}]
    ${more}`;
}

/** Two addresses of each family. */
const BOTH = ['10.1.0.1', '10.1.0.2', '2001:db8::1', '2001:db8::2'];
const DUAL = 'service: { ipFamilyPolicy: RequireDualStack }';

function range(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `10.2.${Math.floor(n / 250)}.${(n % 250) + 1}`);
}

function adopt(stage: Stage, name: string, store: ObjectStore): Promise<string> {
  return stage.sync(target(name, THREE, 'adopt: true'), store, { down: [DEAD] });
}

const ADOPTIONS: readonly Flow[] = [
  {
    name: 'adoption of Endpoints that kubectl apply keeps, while they are mirrored',
    needsControllers: true,
    always: ALIVE,
    ends: /^Published SomeNotReady$/,
    async prepare(stage, name) {
      const kubectl = stage.as('kubectl-client-side-apply');
      await kubectl.createAsKubectlApply(handKeptService(stage, name, { ports: [PG] }));
      await kubectl.createAsKubectlApply(handKeptEndpoints(stage, name, THREE));
      await stage.mirrored(name, THREE.length);
    },
    run: adopt,
  },
  {
    name: 'adoption with other port names and numbers',
    needsControllers: true,
    always: ALIVE,
    ends: /^Published SomeNotReady$/,
    async prepare(stage, name) {
      const kubectl = stage.as('kubectl-create');
      await kubectl.create(handKeptService(stage, name, { ports: [{ port: 15432, targetPort: 5432 }] }));
      await kubectl.create(handKeptEndpoints(stage, name, THREE, { port: 5432 }));
      await stage.mirrored(name, THREE.length);
    },
    run: adopt,
  },
  {
    name: 'adoption of hand-kept slices',
    needsControllers: false,
    always: ALIVE,
    ends: /^Published SomeNotReady$/,
    async prepare(stage, name) {
      const helm = stage.as('helm');
      await helm.create(handKeptService(stage, name, { ports: [PG] }));
      await helm.create(handKeptSlice(stage, name, THREE, 'our-script'));
    },
    run: adopt,
  },
  {
    name: 'adoption of what a removed selector left behind',
    needsControllers: true,
    always: ALIVE,
    ends: /^Published SomeNotReady$/,
    async prepare(stage, name) {
      const controllers = stage.as('kube-controller-manager');
      await stage.as('kubectl-create').create(handKeptService(stage, name, { ports: [PG] }));
      await controllers.create(handKeptSlice(stage, name, THREE, 'endpointslice-controller.k8s.io'));
      const left = handKeptEndpoints(stage, name, THREE);
      const labels = { 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' };
      await controllers.create({ ...left, metadata: { ...left.metadata, labels } });
      await stage.mirrored(name, THREE.length);
    },
    run: adopt,
  },
  {
    name: 'conversion of an ExternalName Service',
    needsControllers: false,
    always: ALIVE,
    ends: /^Published SomeNotReady$/,
    async prepare(stage, name) {
      const spec = { type: 'ExternalName', externalName: 'db.corp.example' };
      await stage.as('kubectl-client-side-apply').createAsKubectlApply(handKeptService(stage, name, spec));
    },
    run: adopt,
  },
  {
    name: 'conversion of an ExternalName Service to Endpoints alone',
    needsControllers: true,
    always: THREE,
    ends: /^Published AllReady$/,
    async prepare(stage, name) {
      const spec = { type: 'ExternalName', externalName: 'db.corp.example' };
      await stage.as('kubectl-create').create(handKeptService(stage, name, spec));
    },
    run: (stage, name, store) =>
      stage.sync(target(name, THREE, `adopt: true\n    ${ENDPOINTS_ALONE}`), store),
  },
];

const ENDPOINTS_ALONE = 'publish: { resources: [Endpoints] }';

const RELEASES: readonly Flow[] = [
  {
    name: 'release to mirroring',
    needsControllers: true,
    always: ALIVE,
    ends: /^Orphaned (Released|NotManaged)$/,
    prepare: async (stage, name) => {
      await stage.sync(target(name, THREE), stage.store, { down: [DEAD] });
    },
    run: (stage, name, store) => stage.release(name, store),
  },
  {
    name: 'release of slices alone',
    needsControllers: false,
    always: THREE,
    ends: /^Orphaned (Released|NotManaged)$/,
    prepare: async (stage, name) => {
      await stage.sync(target(name, THREE, 'publish: { resources: [EndpointSlice] }'), stage.store);
    },
    run: (stage, name, store) => stage.release(name, store),
  },
];

/** A flow from what one list says to what another says. */
function change(
  name: string,
  always: readonly string[],
  before: (service: string) => string,
  after: (service: string) => string,
  needsControllers = false,
): Flow {
  return {
    name,
    needsControllers,
    always,
    ends: /^Published AllReady$/,
    prepare: async (stage, service) => {
      await stage.sync(before(service), stage.store);
      if (before(service).includes(ENDPOINTS_ALONE)) await stage.mirrored(service, always.length);
    },
    run: (stage, service, store) => stage.sync(after(service), store),
  };
}

function withPorts(name: string, ports: string): string {
  return `
  - name: ${name}
    ports: [${ports}]
    endpoints: [${THREE.map((address) => `{ address: ${address} }`).join(', ')}]`;
}

const CHANGES: readonly Flow[] = [
  change(
    'growth from 1 to 350 addresses',
    range(1),
    (name) => target(name, range(1)),
    (name) => target(name, range(350)),
  ),
  change(
    'shrinking from 350 to 120 addresses',
    range(120),
    (name) => target(name, range(350)),
    (name) => target(name, range(120)),
  ),
  change(
    'a restart',
    THREE,
    (name) => target(name, THREE),
    (name) => target(name, THREE),
  ),
  change(
    'ports that are renamed, renumbered and added',
    THREE,
    (name) => withPorts(name, '{ name: old, port: 5432 }, { name: admin, port: 8080 }'),
    (name) =>
      withPorts(
        name,
        '{ name: pg, port: 15432, targetPort: 5432 }, { name: admin, port: 8080 }, { name: more, port: 9 }',
      ),
  ),
  change(
    'from slices to Endpoints alone',
    THREE,
    (name) => target(name, THREE),
    (name) => target(name, THREE, ENDPOINTS_ALONE),
    true,
  ),
  change(
    'from Endpoints alone to slices',
    THREE,
    (name) => target(name, THREE, ENDPOINTS_ALONE),
    (name) => target(name, THREE),
    true,
  ),
  change(
    'Endpoints alone whose ports are renamed',
    THREE,
    (name) => target(name, THREE, ENDPOINTS_ALONE),
    (name) => `${withPorts(name, '{ name: postgres, port: 5432 }')}\n    ${ENDPOINTS_ALONE}`,
    true,
  ),
];

const UNNAMED: readonly Flow[] = [
  change(
    'Endpoints alone whose port gets a name',
    THREE,
    (name) => `${withPorts(name, '{ port: 5432 }')}\n    ${ENDPOINTS_ALONE}`,
    (name) => `${withPorts(name, '{ name: postgres, port: 5432 }')}\n    ${ENDPOINTS_ALONE}`,
    true,
  ),
  change(
    'a port that gets a name',
    THREE,
    (name) => withPorts(name, '{ port: 5432 }'),
    (name) => withPorts(name, '{ name: postgres, port: 5432 }'),
  ),
];

const DUAL_STACK: readonly Flow[] = [
  {
    name: 'adoption of Endpoints of both families, while they are mirrored',
    needsControllers: true,
    needsDualStack: true,
    always: BOTH,
    ends: /^Published AllReady$/,
    async prepare(stage, name) {
      const kubectl = stage.as('kubectl-create');
      await kubectl.create(handKeptService(stage, name, { ports: [PG], ipFamilyPolicy: 'RequireDualStack' }));
      await kubectl.create(handKeptEndpoints(stage, name, BOTH));
      await stage.mirrored(name, BOTH.length);
    },
    run: (stage, name, store) => stage.sync(target(name, BOTH, `adopt: true\n    ${DUAL}`), store),
  },
  {
    ...change(
      'a second family for a Service that had one',
      ['10.1.0.1', '10.1.0.2'],
      (name) => target(name, BOTH),
      (name) => target(name, BOTH, DUAL),
    ),
    needsDualStack: true,
  },
  {
    ...change(
      'one family for a Service that had two',
      ['10.1.0.1', '10.1.0.2'],
      (name) => target(name, BOTH, DUAL),
      (name) => target(name, BOTH, 'service: { ipFamilyPolicy: SingleStack }'),
    ),
    ends: /^Published SomeNotReady$/,
    needsDualStack: true,
  },
  {
    ...change(
      'growth in both families at once',
      BOTH,
      (name) => target(name, BOTH, DUAL),
      (name) => target(name, [...BOTH, ...range(120), ...sixthRange(120)], DUAL),
    ),
    needsDualStack: true,
  },
  {
    name: 'release of both families to mirroring',
    needsControllers: true,
    needsDualStack: true,
    always: BOTH,
    ends: /^Orphaned (Released|NotManaged)$/,
    prepare: async (stage, name) => {
      await stage.sync(target(name, BOTH, DUAL), stage.store);
    },
    run: (stage, name, store) => stage.release(name, store),
  },
];

function sixthRange(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `2001:db8:2::${(n + 1).toString(16)}`);
}

/** Somebody else's slice stands beside ours before, during and after. */
const BESIDE: readonly Flow[] = [
  {
    name: 'an address that goes down beside a foreign slice',
    needsControllers: false,
    always: ALIVE,
    ends: /^Refused SlicesNotOurs$/,
    async prepare(stage, name) {
      await stage.sync(target(name, THREE), stage.store);
      await stage.as('our-script').create(handKeptSlice(stage, name, THREE.slice(1), 'our-script'));
    },
    run: (stage, name, store) => stage.sync(target(name, THREE), store, { down: [DEAD] }),
  },
  {
    name: 'more addresses beside a foreign slice',
    needsControllers: false,
    always: THREE,
    ends: /^Refused SlicesNotOurs$/,
    async prepare(stage, name) {
      await stage.sync(target(name, THREE), stage.store);
      await stage.as('our-script').create(handKeptSlice(stage, name, [...THREE, ...range(3)], 'our-script'));
    },
    run: (stage, name, store) => stage.sync(target(name, [...THREE, ...range(120)]), store),
  },
];

export const FLOWS: readonly Flow[] = [
  ...ADOPTIONS,
  ...RELEASES,
  ...CHANGES,
  ...UNNAMED,
  ...DUAL_STACK,
  ...BESIDE,
];

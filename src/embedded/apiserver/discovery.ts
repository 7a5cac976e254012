import type { JsonObject, JsonValue } from './json.ts';
import { groupVersionOf } from './kind.ts';
import { REVIEW_KINDS } from './kinds/reviews.ts';
import { OPEN_API_MEDIA_TYPE, openApiDocument } from './open-api.ts';
import { KINDS } from './registry.ts';
import type { ApiRequest, CompleteResponse } from './request.ts';
import { jsonResponse } from './respond.ts';

/** The discovery entry of a resource. */
interface Described {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly resource: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly storageVersionHash?: string;
}

const DESCRIBED: readonly Described[] = [...KINDS, ...REVIEW_KINDS];

/** The named groups, in the order of the real server's list. */
const GROUPS = ['events.k8s.io', 'authorization.k8s.io', 'coordination.k8s.io', 'discovery.k8s.io'];

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** The version of Kubernetes that this server reproduces. Clients adapt their requests to it. */
const VERSION = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: 'v1.36.2',
  gitCommit: '$Format:%H$',
  gitTreeState: '',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: 'go1.26.10',
  compiler: 'gc',
  platform: 'linux/amd64',
};

/** Responds to `/version`, `/api`, `/apis` and the paths below them without an object. */
export function discover(request: ApiRequest): CompleteResponse | undefined {
  const path = request.path.replace(/\/$/, '');
  const aggregated = (request.headers.accept ?? '').startsWith(AGGREGATED);
  if (path === '/version') return json(VERSION);
  if (path === '/api') return aggregated ? aggregatedList(['']) : json(coreVersions(request));
  if (path === '/apis') return aggregated ? aggregatedList(GROUPS) : json(groupList());
  if (path === '/openapi/v2') {
    const response = jsonResponse(200, '', []);
    const headers = { ...response.headers, 'Content-Type': OPEN_API_MEDIA_TYPE };
    return { ...response, headers, body: openApiDocument() };
  }
  const [, root, first = '', second, more] = path.split('/');
  if (more !== undefined) return undefined;
  if (root === 'api' && second === undefined) return resourceList('', first);
  if (root !== 'apis' || !GROUPS.includes(first)) return undefined;
  return second === undefined
    ? json({ kind: 'APIGroup', apiVersion: 'v1', ...groupOf(first) })
    : resourceList(first, second);
}

function json(body: JsonObject): CompleteResponse {
  return jsonResponse(200, JSON.stringify(body), []);
}

function coreVersions(request: ApiRequest): JsonObject {
  const serverAddress = request.headers.host ?? '';
  const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress }];
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs };
}

function groupList(): JsonObject {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: GROUPS.map(groupOf) };
}

function groupOf(name: string): JsonObject {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}

function resourceList(group: string, version: string): CompleteResponse | undefined {
  const found = inOrder(group).filter((one) => one.version === version);
  if (found.length === 0) return undefined;
  return json({
    kind: 'APIResourceList',
    // The list of the core group does not have this field.
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: groupVersionOf({ group, version }),
    resources: found.map((one) => ({
      name: one.resource,
      singularName: one.singular,
      namespaced: one.namespaced,
      kind: one.kind,
      verbs: [...one.verbs],
      ...namesOf(one),
      ...(one.storageVersionHash === undefined ? {} : { storageVersionHash: one.storageVersionHash }),
    })),
  });
}

function inOrder(group: string): Described[] {
  const found = DESCRIBED.filter((one) => one.group === group);
  return found.sort((a, b) => (a.resource < b.resource ? -1 : 1));
}

function namesOf({ shortNames = [], categories = [] }: Described): JsonObject {
  return {
    ...(shortNames.length === 0 ? {} : { shortNames: [...shortNames] }),
    ...(categories.length === 0 ? {} : { categories: [...categories] }),
  };
}

/** All resources of some groups in one response (KEP-3352). */
function aggregatedList(groups: readonly string[]): CompleteResponse {
  const items: JsonValue[] = groups.map((group) => ({
    metadata: group === '' ? {} : { name: group },
    versions: [{ version: 'v1', resources: inOrder(group).map(aggregatedResource), freshness: 'Current' }],
  }));
  const list = { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
  const response = json(list);
  return { ...response, headers: { ...response.headers, 'Content-Type': AGGREGATED } };
}

function aggregatedResource(one: Described): JsonObject {
  return {
    resource: one.resource,
    responseKind: { group: '', version: '', kind: one.kind },
    scope: one.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: one.singular,
    verbs: [...one.verbs],
    ...namesOf(one),
  };
}

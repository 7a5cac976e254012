import type {
  ApiFailure,
  ApiResult,
  ApplyOptions,
  DeleteOptions,
  KubeList,
  ListScope,
  ObjectReference,
  ObjectStore,
  StoredKind,
  WatchEvent,
  WatchScope,
  WriteOptions,
} from '../cluster/object-store.ts';
import type { KubeObject } from '../manifest/kube-object.ts';
import { MANAGER } from '../manifest/labels.ts';
import type { KubeAnswer, KubeSender } from './kube-retry.ts';
import { hasMetadata, readWatchEvents } from './kube-watch.ts';

interface Resource {
  readonly apiVersion: string;
  readonly plural: string;
}

const RESOURCES: Readonly<Record<StoredKind, Resource>> = {
  Service: { apiVersion: 'v1', plural: 'services' },
  Endpoints: { apiVersion: 'v1', plural: 'endpoints' },
  EndpointSlice: { apiVersion: 'discovery.k8s.io/v1', plural: 'endpointslices' },
  ConfigMap: { apiVersion: 'v1', plural: 'configmaps' },
  Lease: { apiVersion: 'coordination.k8s.io/v1', plural: 'leases' },
  Event: { apiVersion: 'events.k8s.io/v1', plural: 'events' },
  Namespace: { apiVersion: 'v1', plural: 'namespaces' },
  ServiceCIDR: { apiVersion: 'networking.k8s.io/v1', plural: 'servicecidrs' },
};

/** Kinds without namespaces. */
const CLUSTER_SCOPED: ReadonlySet<StoredKind> = new Set(['Namespace', 'ServiceCIDR']);

/** The page size of lists, the same as kubectl's. */
const PAGE_SIZE = 500;

/** The cluster over HTTP. */
export class KubeStore implements ObjectStore {
  readonly #transport: KubeSender;

  constructor(transport: KubeSender) {
    this.#transport = transport;
  }

  /** Reads all pages at one resourceVersion. */
  async list(kind: StoredKind, scope: ListScope, signal: AbortSignal): Promise<ApiResult<KubeList>> {
    const items: KubeObject[] = [];
    let token: string | undefined;
    for (;;) {
      const page = await this.#listPage(kind, scope, { limit: String(PAGE_SIZE), continue: token }, signal);
      if (!page.ok) {
        // Paging took longer than the server keeps history (etcd compacts every five minutes), so read all at once.
        const outlived = token !== undefined && page.failure.reason === 'Expired';
        return outlived ? wholeList(await this.#listPage(kind, scope, {}, signal)) : page;
      }
      items.push(...page.value.items);
      // Otherwise the server could give the same page forever.
      if (token !== undefined && page.value.next === token) return noAnswerOfServer('one page twice', 200);
      token = page.value.next;
      if (token === undefined) return wholeList({ ...page, value: { ...page.value, items } });
    }
  }

  async #listPage(
    kind: StoredKind,
    { namespace, labelSelector, fieldSelector }: ListScope,
    paging: { readonly limit?: string; readonly continue?: string | undefined },
    signal: AbortSignal,
  ): Promise<ApiResult<ListPage>> {
    const path = `${collectionPath(kind, namespace)}${queryOf({ ...paging, labelSelector, fieldSelector })}`;
    const page = valueIn<RawList>(await this.#transport.send({ method: 'GET', path }, signal));
    if (!page.ok) return page;
    const { metadata, items } = page.value;
    if (!isList(page.value)) return noAnswerOfServer(JSON.stringify(page.value), 200);
    return {
      ...page,
      value: {
        resourceVersion: metadata.resourceVersion,
        next: metadata.continue || undefined,
        // Items of a list have no apiVersion and kind.
        items: (items ?? []).map((item) => ({ ...item, apiVersion: RESOURCES[kind].apiVersion, kind })),
      },
    };
  }

  async get(reference: ObjectReference, signal: AbortSignal): Promise<ApiResult<KubeObject>> {
    const request = { method: 'GET', path: objectPath(reference), isUrgent: isUrgent(reference) } as const;
    return valueIn(await this.#transport.send(request, signal));
  }

  async create(body: KubeObject, options: WriteOptions, signal: AbortSignal): Promise<ApiResult<KubeObject>> {
    const path = collectionPath(body.kind as StoredKind, body.metadata.namespace);
    return this.#writeWhole('POST', path, body, options, signal);
  }

  async replace(
    body: KubeObject,
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<ApiResult<KubeObject>> {
    const { name, namespace = '', resourceVersion } = body.metadata;
    // Without a resourceVersion the API server overwrites any version.
    if (resourceVersion === undefined)
      throw new Error(`${body.kind} ${name} is replaced without a resourceVersion`);
    const path = objectPath({ kind: body.kind as StoredKind, namespace, name });
    return this.#writeWhole('PUT', path, body, options, signal);
  }

  async apply(body: KubeObject, options: ApplyOptions, signal: AbortSignal): Promise<ApiResult<KubeObject>> {
    const { name, namespace = '' } = body.metadata;
    const query = queryOf({
      fieldManager: MANAGER,
      force: options.force ? 'true' : undefined,
      dryRun: options.dryRun ? 'All' : undefined,
    });
    const answer = await this.#transport.send(
      {
        method: 'PATCH',
        path: `${objectPath({ kind: body.kind as StoredKind, namespace, name })}${query}`,
        // JSON is YAML, and this media type is older and more widely supported than the other.
        contentType: 'application/apply-patch+yaml',
        body: JSON.stringify(body),
        fence: options.fence,
      },
      signal,
    );
    return valueIn(answer);
  }

  async patch(
    reference: ObjectReference,
    patch: { readonly type: 'json' | 'merge'; readonly body: unknown },
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<ApiResult<KubeObject>> {
    const query = queryOf({ fieldManager: MANAGER, dryRun: options.dryRun ? 'All' : undefined });
    const answer = await this.#transport.send(
      {
        method: 'PATCH',
        path: `${objectPath(reference)}${query}`,
        contentType: patch.type === 'json' ? 'application/json-patch+json' : 'application/merge-patch+json',
        body: JSON.stringify(patch.body),
        fence: options.fence,
      },
      signal,
    );
    return valueIn(answer);
  }

  async delete(
    reference: ObjectReference,
    options: DeleteOptions,
    signal: AbortSignal,
  ): Promise<ApiResult<undefined>> {
    const answer = await this.#transport.send(
      {
        method: 'DELETE',
        path: objectPath(reference),
        contentType: 'application/json',
        body: JSON.stringify({
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          preconditions: { uid: options.uid, resourceVersion: options.resourceVersion },
          propagationPolicy: 'Background',
          ...(options.dryRun ? { dryRun: ['All'] } : {}),
        }),
        fence: options.fence,
      },
      signal,
    );
    return answer.ok ? success(answer, undefined) : answer;
  }

  async *watch(kind: StoredKind, scope: WatchScope, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const query = queryOf({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: scope.resourceVersion,
      labelSelector: scope.labelSelector,
      fieldSelector: scope.fieldSelector,
    });
    const path = `${collectionPath(kind, scope.namespace)}${query}`;
    yield* readWatchEvents(await this.#transport.stream(path, signal), signal);
  }

  async #writeWhole(
    method: 'POST' | 'PUT',
    path: string,
    body: KubeObject,
    options: WriteOptions,
    signal: AbortSignal,
  ): Promise<ApiResult<KubeObject>> {
    const query = queryOf({ fieldManager: MANAGER, dryRun: options.dryRun ? 'All' : undefined });
    const request = {
      method,
      path: `${path}${query}`,
      contentType: 'application/json',
      body: JSON.stringify(body),
      isUrgent: isUrgent(body),
      fence: options.fence,
    };
    return valueIn(await this.#transport.send(request, signal));
  }
}

function isUrgent({ kind }: { readonly kind: string }): boolean {
  return kind === 'Lease';
}

interface RawList {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly KubeObject[] | null;
}

interface ListPage extends KubeList {
  readonly next: string | undefined;
}

function wholeList(page: ApiResult<ListPage>): ApiResult<KubeList> {
  if (!page.ok) return page;
  const { resourceVersion, items } = page.value;
  return { ...page, value: { resourceVersion, items } };
}

/** The object in the answer. A proxy may answer with success and another body, a login page for instance. */
function valueIn<T extends { readonly metadata: object }>(answer: KubeAnswer): ApiResult<T> {
  if (!answer.ok) return answer;
  try {
    const value: unknown = JSON.parse(answer.body);
    if (hasMetadata(value)) return success(answer, value as T);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return noAnswerOfServer(answer.body, answer.httpStatus);
}

function noAnswerOfServer(body: string, httpStatus: number) {
  const message = `this is not the answer of an API server: ${body.slice(0, 100)}`;
  const failure: ApiFailure = { reason: 'ServerError', httpStatus, message, outcomeUnknown: true };
  return { ok: false, failure } as const;
}

function isList({ metadata, items }: { readonly metadata: object; readonly items?: unknown }): boolean {
  const { resourceVersion, continue: next = '' } = metadata as {
    resourceVersion?: unknown;
    continue?: unknown;
  };
  const isPage = typeof resourceVersion === 'string' && typeof next === 'string';
  return isPage && ((items ?? null) === null || (Array.isArray(items) && items.every(hasMetadata)));
}

function success<T>(answer: KubeAnswer & { ok: true }, value: T): ApiResult<T> {
  return { ok: true, value, created: answer.httpStatus === 201, warnings: answer.warnings };
}

function collectionPath(kind: StoredKind, namespace: string | undefined): string {
  const { apiVersion, plural } = RESOURCES[kind];
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const scope =
    namespace === undefined || CLUSTER_SCOPED.has(kind) ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${plural}`;
}

function objectPath({ kind, namespace, name }: ObjectReference): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  return `?${query}`;
}

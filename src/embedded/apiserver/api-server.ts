import type { Clock } from '../../target/clock.ts';
import type { Random } from '../../target/random.ts';
import {
  anonymousUser,
  authenticate,
  authorize,
  authorizePath,
  type PolicyRule,
  PUBLIC_PATHS,
  type User,
} from './auth.ts';
import { type Call, type Engine, jsonFor } from './call.ts';
import { deleteCollection, deleteOne } from './delete.ts';
import { discover } from './discovery.ts';
import { newUid, timestamp } from './identifiers.ts';
import type { Kind } from './kind.ts';
import { patch } from './patch.ts';
import { presenterOf, presentOne, presentPage } from './present.ts';
import { get, list, listJson } from './read.ts';
import { kindAt } from './registry.ts';
import { type ApiRequest, type ApiResponse, parseResourcePath, type ResourcePath } from './request.ts';
import { jsonResponse, refusalResponse, textResponse } from './respond.ts';
import { REVIEW_KINDS, review } from './reviews.ts';
import { ServiceAddresses } from './service-addresses.ts';
import { methodNotAllowed, noSuchResource, Refusal, statusObject } from './status.ts';
import { Store } from './store.ts';
import { OpenWatches, watch } from './watch.ts';
import { create, update, type Written } from './write.ts';

export interface ApiServerSettings {
  readonly clock: Clock;
  readonly random: Random;
  readonly users: readonly User[];
  /** What requests without a token may do; nothing when it is missing. */
  readonly anonymousRules?: readonly PolicyRule[];
  /** Ranges that cluster IPs are taken from: one, or one of each family. */
  readonly serviceCidrs?: readonly string[];
  /** Changes that a watch may start behind; older ones are answered with 410. */
  readonly watchWindow?: number;
}

const DEFAULT_SERVICE_CIDRS = ['10.96.0.0/12'];
const DEFAULT_WATCH_WINDOW = 10_000;
const INITIAL_NAMESPACES = ['default', 'kube-system'];

/**
 * An in-memory Kubernetes API server, without a socket: a request in, a response out. It stands in for
 * kube-apiserver 1.36 in the demo and in tests, for the kinds that this program touches.
 *
 * It is NOT for production: nothing is kept, nothing is encrypted, and nobody checks who it talks to.
 */
export class ApiServer {
  readonly store: Store;
  readonly watches = new OpenWatches();
  readonly #engine: Engine;
  readonly #users: readonly User[];
  readonly #anonymous: User;

  constructor(settings: ApiServerSettings) {
    this.store = new Store(settings.watchWindow ?? DEFAULT_WATCH_WINDOW);
    const cidrs = settings.serviceCidrs ?? DEFAULT_SERVICE_CIDRS;
    const addresses = new ServiceAddresses(cidrs, settings.random, this.store);
    this.#engine = { store: this.store, clock: settings.clock, random: settings.random, addresses };
    this.#users = settings.users;
    this.#anonymous = anonymousUser(settings.anonymousRules ?? []);
    for (const name of INITIAL_NAMESPACES) this.store.put('namespaces', this.#namespace(name));
  }

  #namespace(name: string) {
    return {
      kind: 'Namespace',
      apiVersion: 'v1',
      metadata: {
        name,
        uid: newUid(this.#engine.random),
        resourceVersion: '',
        creationTimestamp: timestamp(this.#engine.clock.wallNow()),
        labels: { 'kubernetes.io/metadata.name': name },
      },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    };
  }

  /** Answers one request. `signal` aborts when the client is gone; it ends a watch and any waiting. */
  async handle(request: ApiRequest, signal: AbortSignal): Promise<ApiResponse> {
    const warnings: string[] = [];
    try {
      const user = authenticate(this.#users, this.#anonymous, request);
      return await this.#route(request, user, warnings, signal);
    } catch (error) {
      if (error instanceof Refusal) return refusalResponse(error, warnings);
      throw error;
    }
  }

  async #route(
    request: ApiRequest,
    user: User,
    warnings: string[],
    signal: AbortSignal,
  ): Promise<ApiResponse> {
    const path = parseResourcePath(request.path);
    if (path === undefined) {
      authorizePath(user, request.path);
      const discovered = discover(request);
      if (discovered !== undefined) return discovered;
      if (PUBLIC_PATHS.includes(request.path)) return textResponse(200, 'ok');
      return textResponse(404, '404 page not found\n');
    }
    const reviewed = REVIEW_KINDS.find(
      (kind) => kind.group === path.group && kind.resource === path.resource,
    );
    if (reviewed !== undefined && request.method === 'POST' && path.name === '') {
      const answer = review(reviewed, request, user, this.#engine.clock.wallNow(), warnings);
      return jsonResponse(201, JSON.stringify(answer), warnings);
    }
    const kind = kindAt(path.group, path.version, path.resource);
    if (kind === undefined || path.subresource !== '') throw noSuchResource();
    const verb = verbOf(request, path, kind);
    if (kind.deprecation !== undefined) warnings.push(kind.deprecation);
    authorize(user, kind, path, verb);
    const call: Call = { engine: this.#engine, kind, path, request, warnings };
    return await this.#perform(call, verb, signal);
  }

  async #perform(call: Call, verb: string, signal: AbortSignal): Promise<ApiResponse> {
    switch (verb) {
      case 'get':
        return jsonResponse(200, presentOne(call, get(call)), call.warnings);
      case 'list':
        return jsonResponse(200, presentPage(call, await list(call, signal)), call.warnings);
      case 'watch': {
        const lines = watch(call, this.watches, presenterOf(call), signal);
        return { kind: 'watch', status: 200, headers: jsonResponse(200, '', call.warnings).headers, lines };
      }
      case 'create':
        return written(call, create(call));
      case 'update':
        return written(call, update(call));
      case 'patch':
        return written(call, patch(call));
      case 'delete':
        return deleted(call);
      default: {
        const items = deleteCollection(call);
        const metadata = { resourceVersion: String(this.store.revision) };
        return jsonResponse(200, listJson(call, { items, metadata }), call.warnings);
      }
    }
  }
}

function verbOf(request: ApiRequest, path: ResourcePath, kind: Kind): string {
  const onCollection = path.name === '';
  const isWatch = ['true', '1'].includes(request.query.get('watch') ?? '');
  const byMethod: Readonly<Record<string, string>> = onCollection
    ? { GET: isWatch ? 'watch' : 'list', POST: 'create', DELETE: 'deletecollection' }
    : { GET: isWatch ? 'watch' : 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
  const verb = byMethod[request.method];
  const needsNamespace = kind.namespaced && verb !== 'list' && verb !== 'watch';
  if (verb === undefined || !kind.verbs.includes(verb) || (needsNamespace && path.namespace === '')) {
    throw methodNotAllowed();
  }
  return verb;
}

function written(call: Call, { stored, created }: Written): ApiResponse {
  return jsonResponse(created ? 201 : 200, jsonFor(call.kind, stored), call.warnings);
}

function deleted(call: Call): ApiResponse {
  const { stored, gone } = deleteOne(call);
  const { kind } = call;
  if (!gone || kind.deleteReturnsObject) return jsonResponse(200, jsonFor(kind, stored), call.warnings);
  const { name, uid } = stored.object.metadata;
  const details = {
    name,
    ...(kind.group === '' ? {} : { group: kind.group }),
    kind: kind.resource,
    uid,
  };
  return jsonResponse(200, JSON.stringify(statusObject('Success', { details })), call.warnings);
}

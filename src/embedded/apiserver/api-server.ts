import type { Clock } from '../../time/clock.ts';
import type { Random } from '../../time/random.ts';
import { ServiceAddresses } from './addresses/service-addresses.ts';
import {
  anonymousUser,
  authenticate,
  authorize,
  authorizePath,
  type PolicyRule,
  PUBLIC_PATHS,
  type User,
} from './auth.ts';
import type { Engine } from './call.ts';
import { type ControllerSettings, startControllers } from './controllers/controllers.ts';
import { discover } from './discovery.ts';
import { performWithFaults } from './fault-injection.ts';
import { Faults } from './faults.ts';
import { initialObjects } from './initial-objects.ts';
import { REVIEW_KINDS } from './kinds/reviews.ts';
import { perform, verbOf } from './perform.ts';
import { kindAt } from './registry.ts';
import { type ApiRequest, type ApiResponse, parseResourcePath } from './request.ts';
import { jsonResponse, refusalResponse, textResponse } from './respond.ts';
import { review } from './reviews.ts';
import { noSuchResource, notAcceptable, Refusal } from './status.ts';
import { Store } from './store.ts';
import { OpenWatches } from './watch.ts';

export interface ApiServerSettings {
  readonly clock: Clock;
  readonly random: Random;
  readonly users: readonly User[];
  /** Permissions of requests without a token; none when missing. */
  readonly anonymousRules?: readonly PolicyRule[];
  /** Ranges of cluster IPs: one, or one for each family. */
  readonly serviceCidrs?: readonly string[];
  /** The number of past changes that a watch may start from. An older start gets 410. */
  readonly watchWindow?: number;
  /** The source of randomness for faults; `random` when missing. */
  readonly faultRandom?: Random;
}

const DEFAULT_SERVICE_CIDRS = ['10.96.0.0/12'];
const DEFAULT_WATCH_WINDOW = 10_000;
/** The media types that JSON satisfies. */
const ACCEPTED = /application\/json|application\/\*|\*\/\*/;

/**
 * An in-memory Kubernetes API server without a socket: a request in, a response out. It replaces
 * kube-apiserver 1.36 in the demo and in tests, for the kinds that external-endpoints uses.
 *
 * It is NOT for production: it stores nothing on disk, encrypts nothing, and matches a real server only as far as
 * external-endpoints needs.
 */
export class ApiServer {
  readonly store: Store;
  readonly watches = new OpenWatches();
  /** Injected faults. To simulate a terminating namespace, delete one while the namespace controller is off. */
  readonly faults: Faults;
  readonly #engine: Engine;
  readonly #users: readonly User[];
  readonly #anonymous: User;

  constructor(settings: ApiServerSettings) {
    const { clock, random } = settings;
    this.store = new Store(settings.watchWindow ?? DEFAULT_WATCH_WINDOW);
    this.faults = new Faults(settings.faultRandom ?? random);
    const addresses = new ServiceAddresses(
      settings.serviceCidrs ?? DEFAULT_SERVICE_CIDRS,
      random,
      this.store,
    );
    this.#engine = { store: this.store, clock, random, addresses };
    this.#users = settings.users;
    this.#anonymous = anonymousUser(settings.anonymousRules ?? []);
    for (const { resource, object } of initialObjects(clock, random)) this.store.put(resource, object);
  }

  /** Runs controllers until `signal` aborts. */
  startControllers(settings: ControllerSettings, signal: AbortSignal): void {
    startControllers(this.#engine, settings, signal);
  }

  /** Responds to one request. `signal` aborts when the client disconnects; it ends a watch and any wait. */
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
    if (path === undefined) return withoutResource(request, user);
    const kind = kindAt(path.group, path.version, path.resource);
    if (kind === undefined || path.subresource !== '') {
      const asked = REVIEW_KINDS.find((one) => one.group === path.group && one.resource === path.resource);
      if (asked === undefined || request.method !== 'POST' || path.name !== '') throw noSuchResource();
      const answer = review(asked, request, user, this.#engine.clock.wallNow(), warnings);
      return jsonResponse(201, JSON.stringify(answer), warnings);
    }
    if (!ACCEPTED.test(request.headers.accept ?? '*/*')) throw notAcceptable();
    const verb = verbOf(request, path, kind);
    if (kind.deprecation !== undefined) warnings.push(kind.deprecation);
    authorize(user, kind, path, verb);
    const call = { engine: this.#engine, kind, path, request, warnings };
    return await performWithFaults(this.faults, call, verb, signal, (struck) =>
      perform(struck, verb, this.watches, signal),
    );
  }
}

function withoutResource(request: ApiRequest, user: User): ApiResponse {
  authorizePath(user, request.path);
  const discovered = discover(request);
  if (discovered !== undefined) return discovered;
  if (PUBLIC_PATHS.includes(request.path)) return textResponse(200, 'ok');
  return textResponse(404, '404 page not found\n');
}

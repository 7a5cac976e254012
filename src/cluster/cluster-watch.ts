import type { KubeObject } from '../manifest/kube-object.ts';
import type { Log } from '../model/log.ts';
import { LinkedController } from '../time/linked-controller.ts';
import { untilAborted } from '../time/on-abort.ts';
import type { ApiFailure, ListScope } from './object-store.ts';
import { Reflector, type ReflectorPorts } from './reflector.ts';
import { type WatchedKind, type WatchedTarget, watchScopes } from './scopes.ts';

export interface ClusterWatchSettings {
  readonly instance: string;
  readonly log: Log;
  readonly onUpsert: (object: KubeObject) => void;
  readonly onDelete: (object: KubeObject) => void;
  /** All objects of a kind that the scope selects. */
  readonly onReplace: (kind: WatchedKind, scope: ListScope, items: readonly KubeObject[]) => void;
}

interface Following {
  readonly reflector: Reflector;
  readonly until: LinkedController;
}

/**
 * Watches the Services and Endpoints with our ownership labels, and all EndpointSlices of our Services. Watches all
 * namespaces where that is allowed, otherwise the namespaces of the list. A Service with `create: false` has no
 * labels of ours. If a namespace has such a target, all its Services are watched.
 */
export class ClusterWatch {
  readonly #ports: ReflectorPorts;
  readonly #settings: ClusterWatchSettings;
  readonly #following = new Map<string, Following>();
  readonly #ended = Promise.withResolvers<never>();
  #targets: readonly WatchedTarget[] = [];
  #mode: 'cluster' | 'namespaces' = 'cluster';
  #signal: AbortSignal | undefined;

  constructor(ports: ReflectorPorts, settings: ClusterWatchSettings) {
    this.#ports = ports;
    this.#settings = settings;
    // The caller of `run` gets this error. Before `run` nothing can fail.
    this.#ended.promise.catch(() => undefined);
  }

  /** Whether every reflector has listed its objects once. */
  get synced(): boolean {
    return (
      this.#following.size > 0 && [...this.#following.values()].every(({ reflector }) => reflector.synced)
    );
  }

  /** Watches the objects of these targets from now on. Watches that are still needed go on. */
  setTargets(targets: readonly WatchedTarget[]): void {
    this.#targets = targets;
    if (this.#signal !== undefined) this.#follow(this.#signal);
  }

  /** Resolves when `signal` aborts; rejects when a handler throws. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#follow(signal);
    await untilAborted(signal, this.#ended.promise);
  }

  #follow(signal: AbortSignal): void {
    const wanted = watchScopes(this.#targets, this.#settings.instance, this.#mode);
    for (const [key, { until }] of [...this.#following]) {
      if (wanted.has(key)) continue;
      this.#following.delete(key);
      until.abort(new Error('no longer watched'));
    }
    for (const [key, { kind, scope }] of wanted) {
      if (this.#following.has(key)) continue;
      const until = new LinkedController(signal);
      const reflector = new Reflector(this.#ports, {
        kind,
        scope,
        onUpsert: this.#settings.onUpsert,
        onDelete: this.#settings.onDelete,
        onReplace: (items) => this.#settings.onReplace(kind, scope, items),
        onTrouble: (failure) => this.#onTrouble(kind, scope, failure),
      });
      this.#following.set(key, { reflector, until });
      reflector
        .run(until.signal)
        .catch((error: unknown) => {
          if (!until.signal.aborted) this.#ended.reject(error);
        })
        .finally(() => until.unlink());
    }
  }

  #onTrouble(kind: WatchedKind, scope: ListScope, failure: ApiFailure): void {
    if (failure.reason === 'Forbidden' && scope.namespace === undefined && this.#mode === 'cluster') {
      this.#settings.log.info(
        'WatchingNamespaces',
        'not allowed to watch all namespaces; watching those of the list',
      );
      this.#mode = 'namespaces';
      if (this.#signal !== undefined) this.#follow(this.#signal);
      return;
    }
    const where = scope.namespace ?? 'all namespaces';
    this.#settings.log.warn(
      failure.reason,
      `watching ${kind} in ${where} was interrupted: ${failure.message}`,
    );
  }
}

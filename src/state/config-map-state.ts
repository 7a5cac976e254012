import type { ApiFailureReason, ApiResult, ObjectStore } from '../cluster/object-store.ts';
import type { KubeObject } from '../manifest/kube-object.ts';
import { ownershipLabels } from '../manifest/labels.ts';
import { type Clock, instantOf } from '../time/clock.ts';
import { decodeState, encodeState } from './state-codec.ts';
import {
  EMPTY_STATE,
  type LoadedState,
  type StateNote,
  type StateStore,
  type SyncState,
} from './sync-state.ts';

/** The limit of a ConfigMap without its keys and metadata (`core/validation`: 1 MiB). */
const MAX_BYTES = 1_000_000;

/** Compresses text. State repeats itself: 5,000 checks are 1.3 MB of JSON and 60 KB of gzip. */
export interface Compressor {
  compress(text: string): Promise<string>;
  /** Rejects if `text` was not made by `compress`. */
  decompress(text: string): Promise<string>;
}

interface StateConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

type Version = Pick<KubeObject['metadata'], 'resourceVersion' | 'uid'>;

/** No object has this version: an apply with it creates an object, and never changes one. */
const OF_NO_OBJECT: Version = { resourceVersion: '1' };

/** Tries of one save while other processes write too. */
const ATTEMPTS = 3;

function versionOf({ metadata: { resourceVersion, uid } }: KubeObject): Version {
  if (resourceVersion === undefined || uid === undefined) throw new Error('what is stored has a version');
  return { resourceVersion, uid };
}

/** State in one ConfigMap, `external-endpoints-state-INSTANCE`, under one key. */
export class ConfigMapState implements StateStore {
  readonly #store: ObjectStore;
  readonly #compressor: Compressor;
  readonly #clock: Clock;
  readonly #place: { readonly namespace: string; readonly instance: string };
  #savedText: string | undefined;
  /** The state as this process last read or wrote it. */
  #version: Version = OF_NO_OBJECT;
  /** The state as this process last wrote it. */
  #ownVersion: Version | undefined;

  constructor(
    store: ObjectStore,
    compressor: Compressor,
    clock: Clock,
    place: { readonly namespace: string; readonly instance: string },
  ) {
    this.#store = store;
    this.#compressor = compressor;
    this.#clock = clock;
    this.#place = place;
  }

  async load(signal: AbortSignal): Promise<LoadedState> {
    const result = await this.#store.get(this.#reference(), signal);
    if (!result.ok) {
      const { reason, message } = result.failure;
      if (reason === 'NotFound' || reason === 'NamespaceNotFound')
        return { kind: 'missing', state: EMPTY_STATE, notes: [] };
      return this.#unavailable(reason, message);
    }
    this.#version = versionOf(result.value);
    const squeezed = (result.value as StateConfigMap).data?.state;
    if (squeezed === undefined) return this.#unreadable('the key "state" is missing');
    let text: string;
    try {
      text = await this.#compressor.decompress(squeezed);
    } catch (error) {
      return this.#unreadable((error as Error).message);
    }
    const decoded = decodeState(text, instantOf(this.#clock));
    if (!decoded.ok) return this.#unreadable(decoded.message);
    this.#savedText = text;
    const isOwn = this.#version.resourceVersion === this.#ownVersion?.resourceVersion;
    return { kind: 'found', isOwn, state: decoded.state, notes: [] };
  }

  async save(
    state: SyncState,
    signal: AbortSignal,
    mayOverwrite: () => boolean = () => true,
  ): Promise<readonly StateNote[]> {
    const text = encodeState(state, instantOf(this.#clock));
    if (text === this.#savedText) return [];
    const squeezed = await this.#compressor.compress(text);
    if (squeezed.length > MAX_BYTES) {
      const message = `the state is ${squeezed.length} bytes and a ConfigMap takes ${MAX_BYTES}; use several instances`;
      return [{ reason: 'StateTooLarge', message }];
    }
    const result = await this.#write(squeezed, signal, mayOverwrite);
    if (!result.ok) {
      this.#savedText = undefined;
      return [
        {
          reason: 'StateNotSaved',
          message: `${this.#describe()}: ${result.failure.reason}: ${result.failure.message}`,
        },
      ];
    }
    this.#version = versionOf(result.value);
    this.#ownVersion = this.#version;
    this.#savedText = text;
    return [];
  }

  /**
   * Each write carries the resourceVersion of the last read or write, so a late write changes nothing that was saved
   * since. A process that may overwrite reads the state and writes again.
   */
  async #write(
    squeezed: string,
    signal: AbortSignal,
    mayOverwrite: () => boolean,
  ): Promise<ApiResult<KubeObject>> {
    const { namespace, name } = this.#reference();
    for (let attempt = 1; ; attempt++) {
      const body: StateConfigMap = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { namespace, name, ...this.#version, labels: ownershipLabels(this.#place.instance) },
        data: { state: squeezed },
      };
      const result = await this.#store.apply(body, { force: true, dryRun: false }, signal);
      if (result.ok || result.failure.reason !== 'Conflict') return result;
      if (!mayOverwrite() || attempt === ATTEMPTS) return result;
      const present = await this.#store.get(this.#reference(), signal);
      if (!present.ok && present.failure.reason !== 'NotFound') return present;
      // The read may have taken long, and another process may lead by now.
      if (!mayOverwrite()) return result;
      this.#version = present.ok ? versionOf(present.value) : OF_NO_OBJECT;
    }
  }

  #unavailable(failure: ApiFailureReason, message: string): LoadedState {
    const text = `${this.#describe()} cannot be read, so thresholds and holds start again: ${message}`;
    return failure === 'Forbidden'
      ? { kind: 'unusable', state: EMPTY_STATE, notes: [{ reason: 'StateForbidden', message: text }] }
      : { kind: 'unreachable', state: EMPTY_STATE, notes: [{ reason: 'StateUnreachable', message: text }] };
  }

  #reference() {
    const { namespace, instance } = this.#place;
    return { kind: 'ConfigMap', namespace, name: `external-endpoints-state-${instance}` } as const;
  }

  #describe(): string {
    const { namespace, name } = this.#reference();
    return `ConfigMap ${namespace}/${name}`;
  }

  #unreadable(message: string): LoadedState {
    return {
      kind: 'unreadable',
      state: EMPTY_STATE,
      notes: [
        {
          reason: 'StateUnreadable',
          message: `${this.#describe()} is ignored and will be replaced; nothing is drained because of that: ${message}`,
        },
      ],
    };
  }
}

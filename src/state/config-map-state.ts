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

/** Of a ConfigMap, its keys and metadata aside (`core/validation`: 1 MiB). */
const MAX_BYTES = 1_000_000;

/** Squeezes text, because state repeats itself: 5,000 checks are 1.3 MB of JSON and 60 KB of gzip. */
export interface Compressor {
  compress(text: string): Promise<string>;
  /** Rejects when `text` is not what `compress` made. */
  decompress(text: string): Promise<string>;
}

interface StateConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

type Version = Pick<KubeObject['metadata'], 'resourceVersion' | 'uid'>;

/** A version that no object has: an apply with it makes one, and never writes into one. */
const OF_NO_OBJECT: Version = { resourceVersion: '1' };

/** Attempts at one write, while others write as well. */
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
  /** As this process read or wrote it last. */
  #version: Version = OF_NO_OBJECT;
  /** As this process wrote it last. */
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
    if (squeezed === undefined) return this.#unreadable('it has no key "state"');
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
   * Each write is on what was read or written last, so that one that arrives late changes nothing that was saved
   * since. Who may overwrite what somebody else saved looks at it and writes again.
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
      // Reading may have taken long, and another may lead by now.
      if (!mayOverwrite()) return result;
      this.#version = present.ok ? versionOf(present.value) : OF_NO_OBJECT;
    }
  }

  #unavailable(failure: ApiFailureReason, message: string): LoadedState {
    const text = `${this.#describe()} cannot be read, so thresholds and holds do not carry over from before: ${message}`;
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
          message: `${this.#describe()} is ignored and will be replaced; nothing is drained for that: ${message}`,
        },
      ],
    };
  }
}

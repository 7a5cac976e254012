import type {
  ApiFailure,
  ApiFailureReason,
  ApiResult,
  KubeList,
  ListScope,
  ObjectStore,
  WatchEvent,
  WatchScope,
} from '../../src/cluster/object-store.ts';
import type { KubeObject } from '../../src/manifest/kube-object.ts';

/** One watch, controlled by the test. */
export class ScriptedWatch implements AsyncIterable<WatchEvent> {
  readonly scope: WatchScope;
  readonly #signal: AbortSignal;
  readonly #queue: (WatchEvent | 'end')[] = [];
  #wake: (() => void) | undefined;
  /** Whether its reader has left, or the test has ended it. */
  closed = false;

  constructor(scope: WatchScope, signal: AbortSignal) {
    this.scope = scope;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  send(...events: readonly (WatchEvent | 'end')[]): void {
    this.#queue.push(...events);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent> {
    try {
      for (;;) {
        this.#signal.throwIfAborted();
        const event = this.#queue.shift();
        if (event === 'end') return;
        if (event === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
        else yield event;
      }
    } finally {
      this.closed = true;
    }
  }
}

/** A store whose lists and watches the test answers; every other call is an error. */
export class ScriptedStore implements Pick<ObjectStore, 'list' | 'watch'> {
  readonly lists: ListScope[] = [];
  readonly watches: ScriptedWatch[] = [];
  /** The answers to the next lists; without one, an empty list of version 1. */
  readonly answers: ApiResult<KubeList>[] = [];

  async list(_kind: unknown, scope: ListScope, signal: AbortSignal): Promise<ApiResult<KubeList>> {
    signal.throwIfAborted();
    this.lists.push(scope);
    return this.answers.shift() ?? listOf('1');
  }

  watch(_kind: unknown, scope: WatchScope, signal: AbortSignal): ScriptedWatch {
    const watch = new ScriptedWatch(scope, signal);
    this.watches.push(watch);
    return watch;
  }

  /** The watch that was opened last. */
  get current(): ScriptedWatch {
    const watch = this.watches.at(-1);
    if (watch === undefined) throw new Error('nothing is watched');
    return watch;
  }
}

export function listOf(resourceVersion: string, ...items: readonly KubeObject[]): ApiResult<KubeList> {
  return { ok: true, value: { resourceVersion, items }, created: false, warnings: [] };
}

export function failureOf(reason: ApiFailureReason, httpStatus: number, retryAfterMs?: number): ApiFailure {
  return {
    reason,
    httpStatus,
    message: reason,
    outcomeUnknown: false,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

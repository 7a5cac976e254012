import type { Call, Engine } from '../call.ts';
import { deleteOne } from '../delete.ts';
import type { JsonObject } from '../json.ts';
import type { Kind } from '../kind.ts';
import type { ApiObject } from '../object.ts';
import { Refusal } from '../status.ts';
import { create, update } from '../write.ts';

const USER_AGENT = 'kube-controller-manager';

/** The client of the controllers. It bypasses authorization and faults, but not the rules for writes. */
export class ControllerClient {
  readonly engine: Engine;

  constructor(engine: Engine) {
    this.engine = engine;
  }

  get(kind: Kind, key: string): ApiObject | undefined {
    return this.engine.store.get(kind.storage, key)?.object;
  }

  create(kind: Kind, namespace: string, object: JsonObject): void {
    this.#attempt(() => create(this.#call('POST', kind, namespace, '', object)));
  }

  /** The object must carry the resourceVersion that it was read with. */
  update(kind: Kind, object: ApiObject): void {
    const { namespace = '', name } = object.metadata;
    this.#attempt(() => update(this.#call('PUT', kind, namespace, name, object)));
  }

  delete(kind: Kind, object: ApiObject): void {
    const { namespace = '', name, uid } = object.metadata;
    this.#attempt(() => deleteOne(this.#call('DELETE', kind, namespace, name, { preconditions: { uid } })));
  }

  #call(method: string, kind: Kind, namespace: string, name: string, body: JsonObject): Call {
    const { group, version, resource } = kind;
    const path = { group, version, namespace, resource, name, subresource: '' };
    const headers = { 'user-agent': USER_AGENT, 'content-type': 'application/json' };
    const request = { method, path: '', query: new URLSearchParams(), headers, body: JSON.stringify(body) };
    return { engine: this.engine, kind, path, request, warnings: [] };
  }

  /**
   * The server may reject a write, for instance in a terminating namespace. The controller then drops it and
   * tries again after the next change.
   */
  #attempt(write: () => unknown): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
}

import type { KubeAnswer, KubeRequest, KubeSender } from '../../src/io/kube-retry.ts';
import type { KubeObject } from '../../src/manifest/kube-object.ts';

const NEVER = new AbortController().signal;

const PLURALS: Readonly<Record<string, string>> = {
  Service: 'services',
  Endpoints: 'endpoints',
  EndpointSlice: 'endpointslices',
  ConfigMap: 'configmaps',
};
const CLUSTER_WIDE: Readonly<Record<string, string>> = {
  Namespace: 'namespaces',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
  ValidatingAdmissionPolicyBinding: 'validatingadmissionpolicybindings',
};

type Reference = Pick<KubeObject, 'apiVersion' | 'kind'> & {
  readonly metadata: { readonly name: string; readonly namespace?: string };
};

/** Another writer to the cluster: kubectl, Helm, a person. */
export class OtherManager {
  readonly #sender: KubeSender;
  readonly #name: string;

  constructor(sender: KubeSender, name: string) {
    this.#sender = sender;
    this.#name = name;
  }

  /** As `kubectl create` does. */
  create(object: KubeObject): Promise<KubeObject> {
    return this.#write('POST', collectionOf(object), 'application/json', object);
  }

  /** As `kubectl apply` does by default: the object as sent is kept in an annotation. */
  createAsKubectlApply(object: KubeObject): Promise<KubeObject> {
    const lastApplied = { 'kubectl.kubernetes.io/last-applied-configuration': `${JSON.stringify(object)}\n` };
    const annotations = { ...object.metadata.annotations, ...lastApplied };
    return this.create({ ...object, metadata: { ...object.metadata, annotations } });
  }

  /** On the server's side, by force. */
  apply(object: KubeObject): Promise<KubeObject> {
    return this.#write('PATCH', `${pathOf(object)}?force=true`, 'application/apply-patch+yaml', object);
  }

  merge(object: Reference, patch: unknown): Promise<KubeObject> {
    return this.#write('PATCH', pathOf(object), 'application/merge-patch+json', patch);
  }

  async delete(object: Reference): Promise<void> {
    await this.#send({ method: 'DELETE', path: pathOf(object) });
  }

  async get<T extends KubeObject>(object: Reference): Promise<T> {
    return JSON.parse(await this.#send({ method: 'GET', path: pathOf(object) })) as T;
  }

  async #write(
    method: 'POST' | 'PATCH',
    path: string,
    contentType: string,
    body: unknown,
  ): Promise<KubeObject> {
    const query = `${path.includes('?') ? '&' : '?'}fieldManager=${this.#name}`;
    const request = { method, path: `${path}${query}`, contentType, body: JSON.stringify(body) };
    return JSON.parse(await this.#send(request)) as KubeObject;
  }

  async #send(request: KubeRequest): Promise<string> {
    const answer: KubeAnswer = await this.#sender.send(request, NEVER);
    if (answer.ok) return answer.body;
    throw new Error(`${this.#name}: ${request.method} ${request.path}: ${answer.failure.message}`);
  }
}

function collectionOf({ apiVersion, kind, metadata }: Reference): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const wide = CLUSTER_WIDE[kind];
  if (wide !== undefined) return `${root}/${wide}`;
  const plural = PLURALS[kind];
  if (plural === undefined) throw new Error(`no path is known for ${kind}`);
  return `${root}/namespaces/${metadata.namespace ?? 'default'}/${plural}`;
}

function pathOf(object: Reference): string {
  return `${collectionOf(object)}/${object.metadata.name}`;
}

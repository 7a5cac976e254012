import { isDns1123Label, isDns1123Subdomain } from './kubernetes-names.ts';

/** ConfigMaps that hold parts of the target list: one by its name, or all that bear certain labels. */
export interface ConfigMapReference {
  /** As it was written. */
  readonly text: string;
  readonly namespace: string;
  readonly choice: /** Without a key: every key that is named like a list. */
    | { readonly kind: 'name'; readonly name: string; readonly key?: string }
    | { readonly kind: 'selector'; readonly labelSelector: string };
}

export type ReadReference =
  | { readonly ok: true; readonly reference: ConfigMapReference }
  | { readonly ok: false; readonly message: string };

const KEY = /^[-._a-zA-Z0-9]{1,253}$/;
const FORMS = 'NAMESPACE/NAME, NAMESPACE/NAME/KEY or NAMESPACE/?LABEL=VALUE';

/** Reads `NAMESPACE/NAME`, `NAMESPACE/NAME/KEY`, or `NAMESPACE/?SELECTOR` with a label selector as kubectl has it. */
export function readConfigMapReference(text: string): ReadReference {
  const slash = text.indexOf('/');
  const namespace = text.slice(0, Math.max(0, slash));
  const rest = text.slice(slash + 1);
  if (slash < 0 || rest === '') return refused(text, `expected ${FORMS}`);
  if (!isDns1123Label(namespace)) return refused(text, `"${namespace}" is no name of a namespace`);
  if (rest.startsWith('?')) {
    const labelSelector = rest.slice(1).trim();
    if (labelSelector === '') return refused(text, 'a label selector is missing after "?"');
    return { ok: true, reference: { text, namespace, choice: { kind: 'selector', labelSelector } } };
  }
  const [name = '', key, ...more] = rest.split('/');
  if (!isDns1123Subdomain(name)) return refused(text, `"${name}" is no name of a ConfigMap`);
  if (key === undefined) return { ok: true, reference: { text, namespace, choice: { kind: 'name', name } } };
  if (more.length > 0 || !KEY.test(key))
    return refused(text, `"${[key, ...more].join('/')}" is no key of a ConfigMap`);
  return { ok: true, reference: { text, namespace, choice: { kind: 'name', name, key } } };
}

function refused(text: string, why: string): ReadReference {
  return { ok: false, message: `"${text}" names no ConfigMap: ${why}` };
}

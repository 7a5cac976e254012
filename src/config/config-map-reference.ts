import { isDns1123Label, isDns1123Subdomain } from './kubernetes-names.ts';

/** ConfigMaps with parts of the target list: one by name, or all that match a label selector. */
export interface ConfigMapReference {
  /** As the user wrote it. */
  readonly text: string;
  readonly namespace: string;
  readonly choice: /** Without `key`: every key whose name looks like a list file. */
    | { readonly kind: 'name'; readonly name: string; readonly key?: string }
    | { readonly kind: 'selector'; readonly labelSelector: string };
}

export type ReadReference =
  | { readonly ok: true; readonly reference: ConfigMapReference }
  | { readonly ok: false; readonly message: string };

const KEY = /^[-._a-zA-Z0-9]{1,253}$/;
const FORMS = 'NAMESPACE/NAME, NAMESPACE/NAME/KEY or NAMESPACE/?LABEL=VALUE';

/** Parses `NAMESPACE/NAME`, `NAMESPACE/NAME/KEY` or `NAMESPACE/?SELECTOR`; the selector is written as for kubectl. */
export function readConfigMapReference(text: string): ReadReference {
  const slash = text.indexOf('/');
  const namespace = text.slice(0, Math.max(0, slash));
  const rest = text.slice(slash + 1);
  if (slash < 0 || rest === '') return refused(text, `expected ${FORMS}`);
  if (!isDns1123Label(namespace)) return refused(text, `"${namespace}" is not a namespace name`);
  if (rest.startsWith('?')) {
    const labelSelector = rest.slice(1).trim();
    if (labelSelector === '') return refused(text, 'a label selector is missing after "?"');
    return { ok: true, reference: { text, namespace, choice: { kind: 'selector', labelSelector } } };
  }
  const [name = '', key, ...more] = rest.split('/');
  if (!isDns1123Subdomain(name)) return refused(text, `"${name}" is not a ConfigMap name`);
  if (key === undefined) return { ok: true, reference: { text, namespace, choice: { kind: 'name', name } } };
  if (more.length > 0 || !KEY.test(key))
    return refused(text, `"${[key, ...more].join('/')}" is not a ConfigMap key`);
  return { ok: true, reference: { text, namespace, choice: { kind: 'name', name, key } } };
}

function refused(text: string, why: string): ReadReference {
  return { ok: false, message: `"${text}" is not a ConfigMap reference: ${why}` };
}

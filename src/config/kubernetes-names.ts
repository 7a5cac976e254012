/**
 * The name rules of the Kubernetes API, from `apimachinery/pkg/util/validation/validation.go`. Each
 * function returns whether the text is valid; the message is part of the field.
 */

const LABEL_1123 = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED_PART = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const MAX_LABEL_LENGTH = 63;
const MAX_SUBDOMAIN_LENGTH = 253;

/** The name of a namespace or of a port. */
export function isDns1123Label(text: string): boolean {
  return text.length <= MAX_LABEL_LENGTH && LABEL_1123.test(text);
}

/**
 * The name of a Service. Kubernetes 1.36 also accepts a leading digit (RelaxedServiceNameValidation). Older
 * servers do not, so the older rule applies.
 */
export function isDns1035Label(text: string): boolean {
  return text.length <= MAX_LABEL_LENGTH && LABEL_1035.test(text);
}

/** The name of a ConfigMap and of most other objects. */
export function isDns1123Subdomain(text: string): boolean {
  return text.length <= MAX_SUBDOMAIN_LENGTH && text.split('.').every((part) => LABEL_1123.test(part));
}

/**
 * The name of a target list: as an object's name, or as a reference to ConfigMaps, which is the name of the list in
 * them.
 */
export function isListName(text: string): boolean {
  return (
    isDns1123Subdomain(text) ||
    (text.length <= MAX_SUBDOMAIN_LENGTH && /^[a-z0-9-]+\/[\x21-\x7e]+$/.test(text))
  );
}

/** The key of a label, an `appProtocol`: a name of at most 63 characters, or `PREFIX/NAME`. */
export function isQualifiedName(text: string): boolean {
  const parts = text.split('/');
  const name = parts.pop() ?? '';
  if (parts.length > 1 || (parts[0] !== undefined && !isDns1123Subdomain(parts[0]))) return false;
  return name.length <= MAX_LABEL_LENGTH && QUALIFIED_PART.test(name);
}

/** An annotation's key may have capitals in its prefix (`validation/objectmeta.go`). */
export function isAnnotationKey(text: string): boolean {
  return isQualifiedName(text.toLowerCase());
}

export function isLabelValue(text: string): boolean {
  return text === '' || (text.length <= MAX_LABEL_LENGTH && QUALIFIED_PART.test(text));
}

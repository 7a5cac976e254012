import { type FieldError, forbiddenField, invalid, required } from '../field-error.ts';
import type { JsonObject } from '../json.ts';
import type { ObjectMeta } from '../object.ts';
import { labelProblems, labelValueProblems, qualifiedNameProblems, subdomainProblems } from './names.ts';

/** The rule of a kind for the names of its objects. */
export type NameRule = (text: string) => string[];

export const LABEL_NAME: NameRule = labelProblems;
export const SUBDOMAIN_NAME: NameRule = subdomainProblems;

/** Upper bound on the size of all annotations of an object, keys and values (TotalAnnotationSizeLimitB). */
const MAX_ANNOTATION_BYTES = 256 * 1024;

/** `ValidateObjectMeta` of apimachinery's api/validation. */
export function validateMeta(metadata: ObjectMeta, rule: NameRule): FieldError[] {
  const errors: FieldError[] = [];
  const { name, generateName } = metadata;
  if (generateName !== undefined) {
    // The suffix follows, so a trailing dash is allowed.
    const masked =
      generateName.length > 1 && generateName.endsWith('-') ? `${generateName.slice(0, -1)}a` : generateName;
    errors.push(...rule(masked).map((problem) => invalid('metadata.generateName', generateName, problem)));
  }
  if (name === '') errors.push(required('metadata.name', 'name or generateName is required'));
  else if (generateName === undefined || rule(generateName.replace(/-$/, 'a')).length === 0) {
    errors.push(...rule(name).map((problem) => invalid('metadata.name', name, problem)));
  }
  return [...errors, ...validateChangeableMeta(metadata)];
}

/** @param sent the metadata that the client sent; `metadata` has only the fields that it may change. */
export function validateMetaUpdate(metadata: ObjectMeta, live: ObjectMeta, sent: JsonObject): FieldError[] {
  const once: FieldError[] = [];
  if (metadata.uid !== live.uid) once.push(invalid('metadata.uid', metadata.uid, 'field is immutable'));
  const { deletionTimestamp } = sent;
  if (deletionTimestamp !== undefined && deletionTimestamp !== live.deletionTimestamp) {
    once.push(invalid('metadata.deletionTimestamp', deletionTimestamp, 'field is immutable'));
  }
  once.push(...newFinalizersOfDying(metadata, live));
  // The real API server validates this twice, and both causes appear in its response.
  return [...once, ...validateChangeableMeta(metadata), ...once];
}

function validateChangeableMeta(metadata: ObjectMeta): FieldError[] {
  return [
    ...validateLabels('metadata.labels', metadata.labels ?? {}),
    ...validateAnnotations(metadata.annotations ?? {}),
    ...validateOwners(metadata),
    ...(metadata.finalizers ?? []).flatMap((finalizer, index) =>
      finalizerErrors(`metadata.finalizers[${index}]`, finalizer),
    ),
  ];
}

export function validateLabels(field: string, labels: Readonly<Record<string, string>>): FieldError[] {
  return Object.entries(labels).flatMap(([key, value]) => [
    ...qualifiedNameProblems(key).map((problem) => invalid(field, key, problem)),
    ...labelValueProblems(value).map((problem) => invalid(field, value, problem)),
  ]);
}

function validateAnnotations(annotations: Readonly<Record<string, string>>): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    const problems = qualifiedNameProblems(key.toLowerCase());
    errors.push(...problems.map((problem) => invalid('metadata.annotations', key, problem)));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (bytes > MAX_ANNOTATION_BYTES) {
    const message = `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes`;
    errors.push({ field: 'metadata.annotations', reason: 'FieldValueTooLong', message });
  }
  return errors;
}

function validateOwners(metadata: ObjectMeta): FieldError[] {
  const owners = metadata.ownerReferences ?? [];
  const errors = owners.flatMap((owner) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const)
      .filter((field) => owner[field] === '')
      .map((field) => {
        const detail = field === 'apiVersion' ? 'version must not be empty' : 'must not be empty';
        return invalid(`metadata.ownerReferences.${field}`, '', detail);
      }),
  );
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.length > 1) {
    const [first, second] = controllers.map((owner) => `${owner.kind}/${owner.name}`);
    const detail = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
    errors.push(invalid('metadata.ownerReferences', owners, detail));
  }
  return errors;
}

const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion'];

export function finalizerErrors(field: string, finalizer: string): FieldError[] {
  const problems = qualifiedNameProblems(finalizer).map((problem) => invalid(field, finalizer, problem));
  if (problems.length > 0 || finalizer.includes('/') || STANDARD_FINALIZERS.includes(finalizer))
    return problems;
  const detail = 'name is neither a standard finalizer name nor is it fully qualified';
  return [invalid(field, finalizer, detail)];
}

/** A terminating object may lose finalizers, but not gain any. */
function newFinalizersOfDying(metadata: ObjectMeta, live: ObjectMeta): FieldError[] {
  if (live.deletionTimestamp === undefined) return [];
  const added = (metadata.finalizers ?? []).filter((one) => !(live.finalizers ?? []).includes(one));
  if (added.length === 0) return [];
  const list = added.map((one) => JSON.stringify(one)).join(', ');
  const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [forbiddenField('metadata.finalizers', detail)];
}

import type { FieldError } from '../field-error.ts';
import { invalid, required } from '../field-error.ts';
import type { Kind } from '../kind.ts';
import type { ObjectMeta } from '../object.ts';

export function validateMeta(_kind: Kind, metadata: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (metadata.name === '') errors.push(required('metadata.name', 'name or generateName is required'));
  return errors;
}

export function validateMetaUpdate(_kind: Kind, metadata: ObjectMeta, live: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (metadata.uid !== live.uid) errors.push(invalid('metadata.uid', metadata.uid, 'field is immutable'));
  return errors;
}

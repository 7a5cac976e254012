import { type FieldError, forbiddenField, invalid, tooLong } from '../field-error.ts';
import { sameJson, stringMapOf } from '../json.ts';
import type { ApiObject } from '../object.ts';
import { configKeyProblems } from './names.ts';

const MAX_TOTAL_BYTES = 1024 * 1024;

/** `ValidateConfigMap` and `ValidateConfigMapUpdate` of pkg/apis/core/validation. */
export function validateConfigMap(object: ApiObject, existing: ApiObject | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const data = stringMapOf(object.data);
  const binaryData = stringMapOf(object.binaryData);
  let bytes = 0;
  for (const [key, value] of Object.entries(data)) {
    const field = `data[${key}]`;
    errors.push(...configKeyProblems(key).map((problem) => invalid(field, key, problem)));
    if (key in binaryData) errors.push(invalid(field, key, 'duplicate of key present in binaryData'));
    bytes += Buffer.byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    errors.push(...configKeyProblems(key).map((problem) => invalid(`binaryData[${key}]`, key, problem)));
    bytes += Buffer.byteLength(value, 'base64');
  }
  // The field path is empty, as in the real API server.
  if (bytes > MAX_TOTAL_BYTES) errors.push(tooLong('[]', MAX_TOTAL_BYTES));
  return existing?.immutable === true ? [...errors, ...changes(object, existing)] : errors;
}

function changes(object: ApiObject, existing: ApiObject): FieldError[] {
  return ['immutable', 'data', 'binaryData']
    .filter((field) => !sameJson(object[field], existing[field]))
    .map((field) => forbiddenField(field, 'field is immutable when `immutable` is set'));
}

import type { JsonValue } from './json.ts';
import { Refusal, type StatusCause } from './status.ts';

/**
 * An error of one field, worded as apimachinery's `field.Error` (util/validation/field/errors.go): the type, the
 * value if the type shows it, and the detail.
 */
export interface FieldError {
  readonly field: string;
  readonly reason: string;
  readonly message: string;
}

export function invalid(field: string, value: JsonValue, detail: string): FieldError {
  return { field, reason: 'FieldValueInvalid', message: `Invalid value: ${shown(value)}: ${detail}` };
}

export function required(field: string, detail = ''): FieldError {
  const message = detail === '' ? 'Required value' : `Required value: ${detail}`;
  return { field, reason: 'FieldValueRequired', message };
}

export function duplicate(field: string, value: JsonValue): FieldError {
  return { field, reason: 'FieldValueDuplicate', message: `Duplicate value: ${shown(value)}` };
}

export function forbiddenField(field: string, detail: string): FieldError {
  return { field, reason: 'FieldValueForbidden', message: `Forbidden: ${detail}` };
}

export function notSupported(field: string, value: JsonValue, supported: readonly string[]): FieldError {
  const values = supported.map((one) => JSON.stringify(one)).join(', ');
  const message = `Unsupported value: ${shown(value)}: supported values: ${values}`;
  return { field, reason: 'FieldValueNotSupported', message };
}

export function tooMany(field: string, actual: number, most: number): FieldError {
  const items = most === 1 ? 'item' : 'items';
  const message = `Too many: ${actual}: must have at most ${most} ${items}`;
  return { field, reason: 'FieldValueTooMany', message };
}

export function tooLong(field: string, most: number): FieldError {
  const bytes = most === 1 ? 'byte' : 'bytes';
  return {
    field,
    reason: 'FieldValueTooLong',
    message: `Too long: may not be more than ${most} ${bytes}`,
  };
}

/** Go prints strings quoted and lists in brackets. */
function shown(value: JsonValue): string {
  return JSON.stringify(value);
}

/** 422 `Invalid`, worded as by `NewInvalid`. Repeated causes are listed once, as by ToAggregate. */
export function invalidObject(
  kind: { readonly group: string; readonly kind: string },
  name: string,
  errors: readonly FieldError[],
): Refusal {
  const causes: StatusCause[] = errors.map(({ reason, message, field }) => ({ reason, message, field }));
  const reported = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const list = reported.length === 1 ? reported[0] : `[${reported.join(', ')}]`;
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return new Refusal(422, `${qualified} "${name}" is invalid: ${list}`, 'Invalid', {
    ...(name === '' ? {} : { name }),
    ...(kind.group === '' ? {} : { group: kind.group }),
    ...(kind.kind === '' ? {} : { kind: kind.kind }),
    causes,
  });
}

import { type FieldError, invalid } from '../field-error.ts';
import { objectOf } from '../json.ts';
import type { ApiObject } from '../object.ts';

/** pkg/apis/coordination/validation. */
export function validateLease(object: ApiObject): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions } = objectOf(object.spec);
  const errors: FieldError[] = [];
  if (typeof leaseDurationSeconds === 'number' && leaseDurationSeconds <= 0) {
    errors.push(invalid('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0'));
  }
  if (typeof leaseTransitions === 'number' && leaseTransitions < 0) {
    errors.push(invalid('spec.leaseTransitions', leaseTransitions, 'must be greater than or equal to 0'));
  }
  return errors;
}

import type { FieldError } from './field-error.ts';
import type { JsonObject } from './json.ts';
import type { ApiObject } from './object.ts';
import type { StructSchema } from './schema/schema.ts';
import { type NameRule, SUBDOMAIN_NAME } from './validation/object-meta.ts';

/** One resource in one version of the API, and the rules of its registry strategy (pkg/registry/…). */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** The plural in paths. */
  readonly resource: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly storageVersionHash?: string;
  /** The storage name. Kinds that are versions of the same resource share it. */
  readonly storage: string;
  readonly schema: StructSchema;
  /** Top-level fields that no manager owns, because the strategy resets them. */
  readonly unowned: readonly string[];
  /** Whether PUT creates a missing object. */
  readonly createsOnUpdate: boolean;
  /** Whether DELETE answers with the object instead of a Status. */
  readonly deleteReturnsObject: boolean;
  readonly nameRule: NameRule;
  /** A Warning header for every response. */
  readonly deprecation?: string;

  /** Sets the defaults of the versioned type. Changes `object`, which is a new copy. */
  applyDefaults(object: JsonObject): void;
  /** Prepares a new object, or one that replaces `existing`, as the strategy does. Changes `object`. */
  prepare(object: ApiObject, existing: ApiObject | undefined): void;
  validate(object: ApiObject, existing: ApiObject | undefined): FieldError[];
  warnings(object: ApiObject, existing: ApiObject | undefined): string[];
  /** The object as readers see it, when it differs from the stored one (a registry's Decorator). */
  shown?(object: ApiObject): ApiObject;
  /** Fields that `fieldSelector` supports in addition to `metadata.name` and `metadata.namespace`. */
  selectableFields(object: ApiObject): Record<string, string>;
  /** Converts from and to the stored version, for a kind that is stored in another version. */
  readonly conversion?: {
    toStored(object: ApiObject): ApiObject;
    fromStored(object: ApiObject): ApiObject;
  };
}

/** `apps/v1`, or `v1` for the core group. */
export function groupVersionOf(kind: { readonly group: string; readonly version: string }): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

export const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Defaults of most kinds. */
export const COMMON = {
  version: 'v1',
  shortNames: [],
  categories: [],
  namespaced: true,
  verbs: ALL_VERBS,
  unowned: [],
  createsOnUpdate: false,
  deleteReturnsObject: false,
  nameRule: SUBDOMAIN_NAME,
  applyDefaults: () => undefined,
  prepare: () => undefined,
  validate: () => [],
  warnings: () => [],
  selectableFields: () => ({}),
} satisfies Partial<Kind>;

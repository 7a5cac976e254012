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
  /** Where the store keeps it; kinds that are two versions of one thing share it. */
  readonly storage: string;
  readonly schema: StructSchema;
  /** Top-level fields that no manager owns because the strategy resets them. */
  readonly unowned: readonly string[];
  /** Whether PUT on a name that is free creates. */
  readonly createsOnUpdate: boolean;
  /** Whether DELETE answers with the object instead of a Status. */
  readonly deleteReturnsObject: boolean;
  readonly nameRule: NameRule;
  /** Told in a Warning header by every request. */
  readonly deprecation?: string;

  /** Fills what the versioned type defaults. Changes `object`, which is fresh. */
  applyDefaults(object: JsonObject): void;
  /** What the strategy does to a new object, or to one that replaces `existing`. Changes `object`. */
  prepare(object: ApiObject, existing: ApiObject | undefined): void;
  validate(object: ApiObject, existing: ApiObject | undefined): FieldError[];
  warnings(object: ApiObject, existing: ApiObject | undefined): string[];
  /** What readers see of an object, where that is not all that is stored (a registry's Decorator). */
  shown?(object: ApiObject): ApiObject;
  /** What `fieldSelector` may name besides `metadata.name` and `metadata.namespace`. */
  selectableFields(object: ApiObject): Record<string, string>;
  /** From and to the version that is stored, for a kind that is not stored as it is. */
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

/** What most kinds have in common. */
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

import { objectFor } from '../call.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { Kind } from '../kind.ts';
import type { ApiObject } from '../object.ts';
import { badRequest } from '../status.ts';
import type { Stored } from '../store.ts';
import { type Column, columnsOf } from './table-columns.ts';

const ACCEPTS_TABLE = /^application\/json;as=Table;v=v1;g=meta\.k8s\.io(,|$)/;

/** The object that a row contains in addition to its cells. */
type IncludeObject = 'None' | 'Metadata' | 'Object';

/** The Table that a client requests (kubectl get); undefined when it requests the objects. */
export interface TableWish {
  readonly include: IncludeObject;
}

export function tableWish(accept: string, query: URLSearchParams): TableWish | undefined {
  if (!ACCEPTS_TABLE.test(accept.replaceAll(' ', ''))) return undefined;
  const include = query.get('includeObject') ?? 'Metadata';
  if (include === 'None' || include === 'Metadata' || include === 'Object') return { include };
  const why = `Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`;
  throw badRequest(`Unable to convert to Table as requested: includeObject: ${why}`);
}

/** @param withColumns false after the first event of a watch. */
export function tableJson(
  kind: Kind,
  items: readonly Stored[],
  metadata: JsonObject,
  wish: TableWish,
  wallNowMs: number,
  withColumns = true,
): string {
  const columns = columnsOf(kind);
  const table: JsonObject = {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withColumns ? columns.map(definitionOf) : null,
    rows: items.map((stored) => rowOf(columns, stored.object, objectFor(kind, stored), wish, wallNowMs)),
  };
  return JSON.stringify(table);
}

function definitionOf({ name, type, format, priority }: Column): JsonObject {
  return { name, type, format, description: '', priority };
}

function rowOf(
  columns: readonly Column[],
  stored: ApiObject,
  shown: ApiObject,
  wish: TableWish,
  wallNowMs: number,
): JsonValue {
  const cells = columns.map((column) => column.cell(stored, wallNowMs));
  const metadataOnly = {
    kind: 'PartialObjectMetadata',
    apiVersion: 'meta.k8s.io/v1',
    metadata: stored.metadata,
  };
  const object = { None: null, Metadata: metadataOnly, Object: shown }[wish.include];
  return { cells, object };
}

import { type Call, jsonFor } from './call.ts';
import { deleteCollection, deleteOne } from './delete.ts';
import type { Kind } from './kind.ts';
import { patch } from './patch.ts';
import type { Written } from './persist.ts';
import { presenterOf, presentOne, presentPage } from './present.ts';
import { get, list, listJson } from './read.ts';
import { type ApiRequest, type ApiResponse, flagOf, type ResourcePath } from './request.ts';
import { jsonResponse } from './respond.ts';
import { methodNotAllowed, statusObject } from './status.ts';
import { type OpenWatches, watch } from './watch.ts';
import { create, update } from './write.ts';

/** The RBAC verb of a request. */
export function verbOf(request: ApiRequest, path: ResourcePath, kind: Kind): string {
  const onCollection = path.name === '';
  const isWatch = flagOf(request.query, 'watch');
  const byMethod: Readonly<Record<string, string>> = onCollection
    ? { GET: isWatch ? 'watch' : 'list', POST: 'create', DELETE: 'deletecollection' }
    : { GET: isWatch ? 'watch' : 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
  const verb = byMethod[request.method];
  const needsNamespace = kind.namespaced && verb !== 'list' && verb !== 'watch';
  if (verb === undefined || !kind.verbs.includes(verb) || (needsNamespace && path.namespace === '')) {
    throw methodNotAllowed();
  }
  return verb;
}

export async function perform(
  call: Call,
  verb: string,
  watches: OpenWatches,
  signal: AbortSignal,
): Promise<ApiResponse> {
  switch (verb) {
    case 'get':
      return jsonResponse(200, presentOne(call, get(call)), call.warnings);
    case 'list':
      return jsonResponse(200, presentPage(call, await list(call, signal)), call.warnings);
    case 'watch': {
      const lines = watch(call, watches, presenterOf(call), signal);
      return { kind: 'watch', status: 200, headers: jsonResponse(200, '', call.warnings).headers, lines };
    }
    case 'create':
      return written(call, create(call));
    case 'update':
      return written(call, update(call));
    case 'patch':
      return written(call, patch(call));
    case 'delete':
      return deleted(call);
    default: {
      const metadata = { resourceVersion: String(call.engine.store.revision) };
      const items = deleteCollection(call);
      return jsonResponse(200, listJson(call, { items, metadata }), call.warnings);
    }
  }
}

function written(call: Call, { stored, created }: Written): ApiResponse {
  return jsonResponse(created ? 201 : 200, jsonFor(call.kind, stored), call.warnings);
}

function deleted(call: Call): ApiResponse {
  const { stored, gone } = deleteOne(call);
  const { kind } = call;
  const raw = kind.conversion === undefined ? stored.json : jsonFor(kind, stored);
  if (!gone) return jsonResponse(200, raw, call.warnings);
  if (kind.deleteReturnsObject) return jsonResponse(200, jsonFor(kind, stored), call.warnings);
  const { name, uid } = stored.object.metadata;
  const details = { name, ...(kind.group === '' ? {} : { group: kind.group }), kind: kind.resource, uid };
  return jsonResponse(200, JSON.stringify(statusObject('Success', { details })), call.warnings);
}

import { isObject, type JsonObject, type JsonValue, sameJson, stringOf } from '../json.ts';
import { badRequest, Refusal } from '../status.ts';

/**
 * JSON Patch, RFC 6902. An impossible operation or a failed test gets a 422 without a reason, as in the real API
 * server.
 */
export function jsonPatched(target: JsonObject, patch: JsonValue): JsonObject {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations');
  const root: JsonObject = { '': structuredClone(target) };
  for (const operation of patch) {
    if (!isObject(operation)) throw badRequest('a JSON patch is a list of operations');
    perform(root, operation);
  }
  return root[''] as JsonObject;
}

function perform(root: JsonObject, operation: JsonObject): void {
  const path = stepsOf(stringOf(operation.path));
  switch (operation.op) {
    case 'add':
      add(root, path, operation.value ?? null);
      return;
    case 'replace':
      remove(root, path);
      add(root, path, operation.value ?? null);
      return;
    case 'remove':
      remove(root, path);
      return;
    case 'move':
      add(root, path, remove(root, stepsOf(stringOf(operation.from))));
      return;
    case 'copy':
      add(root, path, structuredClone(get(root, stepsOf(stringOf(operation.from)))));
      return;
    case 'test':
      if (!sameJson(get(root, path), operation.value ?? null)) throw unprocessable();
      return;
    default:
      throw unprocessable();
  }
}

/** `/a~1b/0` → the steps from the root, which is the member '' of the outermost object. */
function stepsOf(pointer: string): string[] {
  if (pointer !== '' && !pointer.startsWith('/')) throw unprocessable();
  return pointer.split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function parentOf(root: JsonObject, steps: readonly string[]): JsonObject | JsonValue[] {
  const parent = steps.length === 1 ? root : get(root, steps.slice(0, -1));
  if (Array.isArray(parent) || isObject(parent)) return parent;
  throw unprocessable();
}

function get(root: JsonObject, steps: readonly string[]): JsonValue {
  let value: JsonValue = root;
  for (const step of steps) {
    const child: JsonValue | undefined = Array.isArray(value)
      ? value[indexIn(value, step, value.length - 1)]
      : isObject(value)
        ? value[step]
        : undefined;
    if (child === undefined) throw unprocessable();
    value = child;
  }
  return value;
}

function add(root: JsonObject, steps: readonly string[], value: JsonValue): void {
  const parent = parentOf(root, steps);
  const step = steps.at(-1) ?? '';
  if (!Array.isArray(parent)) parent[step] = value;
  else parent.splice(step === '-' ? parent.length : indexIn(parent, step, parent.length), 0, value);
}

function remove(root: JsonObject, steps: readonly string[]): JsonValue {
  const value = get(root, steps);
  const parent = parentOf(root, steps);
  const step = steps.at(-1) ?? '';
  if (Array.isArray(parent)) parent.splice(indexIn(parent, step, parent.length - 1), 1);
  else delete parent[step];
  return value;
}

function indexIn(list: readonly JsonValue[], step: string, highest: number): number {
  const index = /^(0|[1-9]\d*)$/.test(step) ? Number(step) : -1;
  if (index < 0 || index > highest || list === undefined) throw unprocessable();
  return index;
}

function unprocessable(): Refusal {
  return new Refusal(422, 'the server rejected our request due to an error in our request', 'Invalid', {});
}

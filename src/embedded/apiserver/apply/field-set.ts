import type { JsonObject } from '../json.ts';

/**
 * A set of field paths in the format of `managedFields[].fieldsV1`: a trie whose keys are `f:NAME` for a field
 * or map key, `k:{"port":1}` for an item of a keyed list and `v:"x"` for a member of a set. A path is a
 * member when its node is empty or holds the key `.`.
 */
export type FieldSet = { [step: string]: FieldSet };

export const MEMBER = '.';

export function fieldStep(name: string): string {
  return `f:${name}`;
}

export function isEmptySet(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether the path of a node itself is in the set. */
export function isMember(node: FieldSet | undefined): boolean {
  return node !== undefined && (MEMBER in node || isEmptySet(node));
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSet = { ...a };
  for (const step in b) {
    const theirs = b[step] as FieldSet;
    const ours = a[step];
    result[step] = ours === undefined || step === MEMBER ? theirs : unionOfNodes(ours, theirs);
  }
  return result;
}

function unionOfNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmptySet(a) && isEmptySet(b)) return a;
  if (isEmptySet(a)) return { [MEMBER]: {}, ...b };
  if (isEmptySet(b)) return { [MEMBER]: {}, ...a };
  return union(a, b);
}

/** The members of `a` that are not members of `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return combine(a, b, (inA, inB) => inA && !inB);
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return combine(a, b, (inA, inB) => inA && inB);
}

function combine(a: FieldSet, b: FieldSet, keep: (inA: boolean, inB: boolean) => boolean): FieldSet {
  const result: FieldSet = {};
  for (const step in a) {
    if (step === MEMBER) continue;
    const ours = a[step] as FieldSet;
    const theirs = b[step];
    const below =
      theirs === undefined && keep(true, false) ? ours : combineNodes(ours, theirs ?? NOTHING, keep);
    if (below !== undefined) result[step] = below;
  }
  return result;
}

/** The node of a missing step: it has no members. */
const NOTHING: FieldSet = Object.freeze({ 'f:': {} });

function combineNodes(
  ours: FieldSet,
  theirs: FieldSet,
  keep: (inA: boolean, inB: boolean) => boolean,
): FieldSet | undefined {
  const member = keep(isMember(ours), isMember(theirs)) && isMember(ours);
  const below = combine(ours, theirs, keep);
  if (isEmptySet(below)) return member ? below : undefined;
  return member ? { [MEMBER]: {}, ...below } : below;
}

export function sameSet(a: FieldSet, b: FieldSet): boolean {
  for (const step in a) {
    const theirs = b[step];
    if (theirs === undefined || !sameSet(a[step] as FieldSet, theirs)) return false;
  }
  for (const step in b) if (!(step in a)) return false;
  return true;
}

/** A copy in the order of the API: the node itself first, then the steps in ascending order. */
export function sortedSet(set: FieldSet): FieldSet {
  const result: FieldSet = {};
  for (const step of Object.keys(set).sort()) result[step] = sortedSet(set[step] as FieldSet);
  return result;
}

/**
 * The path of every member, as in conflict messages: `.spec.ports[port=1,protocol="TCP"].name`. Members of a node
 * precede those of its descendants.
 */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  const steps = Object.keys(set).filter((step) => step !== MEMBER);
  const nodes = steps
    .sort()
    .map((step) => ({ path: `${prefix}${stepText(step)}`, node: set[step] as FieldSet }));
  return [
    ...nodes.filter(({ node }) => isMember(node)).map(({ path }) => path),
    ...nodes.flatMap(({ path, node }) => pathsOf(node, path)),
  ];
}

/** `.name`, `[port=1,protocol="TCP"]` or `[="x"]`. */
export function stepText(step: string): string {
  const rest = step.slice(2);
  if (step.startsWith('v:')) return `[=${rest}]`;
  if (!step.startsWith('k:')) return `.${rest}`;
  const key = JSON.parse(rest) as JsonObject;
  const parts = Object.keys(key).map((name) => `${name}=${JSON.stringify(key[name])}`);
  return `[${parts.join(',')}]`;
}

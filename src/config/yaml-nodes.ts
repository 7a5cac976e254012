import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type ParsedNode,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { MAX_PROBLEMS, MAX_VALUES } from './limits.ts';
import { nearest } from './nearest.ts';
import { type Path, quoted } from './problem.ts';

/** A problem with a YAML document that is not a syntax error. */
export interface NodeProblem {
  readonly path: Path;
  readonly offset: number;
  readonly found: string;
  readonly message: string;
  readonly hint?: string;
  /** The offset of the first occurrence, for a duplicate key. */
  readonly firstOffset?: number;
}

/** Offsets of a value in the text, and of its key or list item. */
export interface NodePlace {
  readonly value: number;
  readonly key: number;
}

/** Upper bound on anchors that an unknown alias is compared with. */
const MAX_CANDIDATES = 100;

interface Anchored {
  readonly node: Node;
  readonly value: unknown;
  /** The number of values in it, with aliases expanded. */
  readonly weight: number;
}

/** An entry of a mapping or list. `node` is null for `key:` without a value. */
interface Entry {
  readonly key: Node;
  readonly node: Node | null;
}

/**
 * Converts the nodes of one document to plain values, in one pass that is linear in the text. One map for each
 * mapping finds duplicate keys, an alias shares the value of its anchor, and the number of values with aliases
 * expanded is limited.
 */
export class YamlNodes {
  readonly value: unknown;
  readonly problems: NodeProblem[] = [];
  readonly #root: Node | null;
  readonly #anchors = new Map<string, Anchored>();
  readonly #anchorNames: string[] = [];
  readonly #aliasTargets = new Map<Node, Node>();
  readonly #entries = new Map<Node, Map<string, Entry>>();
  #weight = 0;

  constructor(root: ParsedNode | null) {
    this.#root = root;
    this.value = this.#read(root, []);
  }

  /** The place of the value at `path`, with aliases followed, or of its nearest existing ancestor. */
  find(path: Path): NodePlace {
    if (this.#root === null) return { key: 0, value: 0 };
    let entry: Entry = { key: this.#root, node: this.#root };
    for (const step of path) {
      const next = this.#child(entry.node, step);
      if (next === undefined) break;
      entry = next;
    }
    const key = startOf(entry.key);
    const value = this.#followed(entry.node);
    return { key, value: value === null || isBlank(value) ? key : startOf(value) };
  }

  #child(parent: Node | null, step: string | number): Entry | undefined {
    const node = this.#followed(parent);
    if (isMap(node)) return this.#entries.get(node)?.get(String(step));
    const item = isSeq(node) && typeof step === 'number' ? node.items[step] : undefined;
    return item === undefined ? undefined : { key: item as Node, node: item as Node };
  }

  #followed(node: Node | null): Node | null {
    return node === null ? null : (this.#aliasTargets.get(node) ?? node);
  }

  #read(node: Node | null, path: Path): unknown {
    if (node === null) return null;
    if (isAlias(node)) return this.#readAlias(node, node.source, path);
    const before = this.#weight;
    this.#count(1, node, path);
    const value = this.#readContents(node, path);
    if ('anchor' in node && typeof node.anchor === 'string') {
      if (this.#anchorNames.length < MAX_CANDIDATES) this.#anchorNames.push(node.anchor);
      this.#anchors.set(node.anchor, { node, value, weight: this.#weight - before });
    }
    return value;
  }

  #readContents(node: Node, path: Path): unknown {
    if (isMap(node)) return this.#readMap(node, path);
    if (isSeq(node)) return this.#readSeq(node, path);
    return isScalar(node) ? node.value : null;
  }

  #readSeq(seq: YAMLSeq, path: Path): unknown[] {
    return seq.items.map((item, at) => this.#read(item as Node | null, [...path, at]));
  }

  #readMap(map: YAMLMap, path: Path): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    const entries = new Map<string, Entry>();
    this.#entries.set(map, entries);
    for (const pair of map.items) {
      const key = pair.key as Node;
      const name = isScalar(key) ? String(key.value) : undefined;
      if (name === undefined || name === '__proto__') {
        this.#report(key, path, name ?? 'a key that is not text', 'this cannot be the name of a field');
        continue;
      }
      const first = entries.get(name);
      if (first !== undefined) {
        this.#report(key, [...path, name], name, `${quoted(name)} is given twice in one mapping`, first.key);
        continue;
      }
      entries.set(name, { key, node: pair.value as Node | null });
      value[name] = this.#read(pair.value as Node | null, [...path, name]);
    }
    return value;
  }

  #readAlias(alias: Node, name: string, path: Path): unknown {
    const anchored = this.#anchors.get(name);
    if (anchored === undefined) {
      if (this.#isFull()) return null;
      const near = nearest(name, this.#anchorNames);
      const hint =
        near === undefined ? `write &${name} before the value that it refers to` : `did you mean *${near}?`;
      const message = `no earlier value has the anchor &${name}`;
      this.#add({ path, offset: startOf(alias), found: `*${name}`, message, hint });
      return null;
    }
    this.#aliasTargets.set(alias, anchored.node);
    return this.#count(anchored.weight, alias, path) ? anchored.value : null;
  }

  /** Returns false when the list is too large. Reports this once, at the value that exceeds the limit. */
  #count(weight: number, node: Node, path: Path): boolean {
    const before = this.#weight;
    this.#weight += weight;
    if (before <= MAX_VALUES && this.#weight > MAX_VALUES) {
      const message = `with its aliases expanded the list has more than ${MAX_VALUES} values`;
      this.#add({ path, offset: startOf(node), found: `${this.#weight} values`, message });
    }
    return this.#weight <= MAX_VALUES;
  }

  #report(node: Node, path: Path, found: string, message: string, first?: Node): void {
    const problem = { path, offset: startOf(node), found: quoted(found), message };
    this.#add(first === undefined ? problem : { ...problem, firstOffset: startOf(first) });
  }

  #add(problem: NodeProblem): void {
    if (!this.#isFull()) this.problems.push(problem);
  }

  #isFull(): boolean {
    return this.problems.length >= MAX_PROBLEMS;
  }
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** A value without a character in the text, as in `port:`. */
function isBlank(node: Node): boolean {
  return isScalar(node) && node.value === null && node.range?.[0] === node.range?.[1];
}

import { parseTargetList, type TargetList } from '../../src/config/target-list.ts';
import type { Target } from '../../src/model/target.ts';

/** A list of these targets (YAML, indented by two), with the other fields of `more`. */
export function listOf(targets: string, more = ''): TargetList {
  return listFrom(
    `apiVersion: external-endpoints/v1\nkind: TargetList\n${more}\ntargets:\n${targets}\n`,
    'list.yaml',
  );
}

/** Parses a list; throws if it has a problem. */
export function listFrom(text: string, source: string): TargetList {
  const parsed = parseTargetList(text, source);
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  return parsed.list;
}

/** `shop/db` with these fields, in YAML's flow style: `ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }]`. */
export function targetOf(fields: string): Target {
  const [target] = listOf(`  - { name: db, namespace: shop, ${fields} }`).targets;
  if (target === undefined) throw new Error('the list has one target');
  return target;
}

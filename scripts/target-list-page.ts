import * as z from 'zod';
import { expectationOf } from '../src/config/field.ts';
import {
  MAX_DEPTH,
  MAX_ENDPOINTS,
  MAX_LIST_BYTES,
  MAX_PORTS,
  MAX_TARGETS,
  MAX_TOKENS,
  MAX_VALUES,
} from '../src/config/limits.ts';
import { targetListSchema } from '../src/config/schema.ts';

/** docs/target-list.md: every field of the list, from the schema that reads it. */
export function targetListPage(): string {
  return [INTRODUCTION, ...sections().map(sectionText), LIMITS].join('\n\n').concat('\n');
}

const INTRODUCTION = `# The target list

<!-- Written by \`npm run generate\` from src/config. Do not edit. -->

A list is one YAML 1.2 (or JSON) document. [config/example.yaml](../config/example.yaml) is an example with comments.
[config/schema.json](../config/schema.json) is the JSON Schema; \`external-endpoints schema\` prints it.
\`external-endpoints validate\` reports every error at once, each with file, line and column. Unknown fields, duplicate
keys, a second document and YAML directives are errors.

- **Durations** are written as in Go: numbers with units, such as \`10s\`, \`1m30s\` or \`250ms\`. The units are
  \`h\`, \`m\`, \`s\`, \`ms\`; there is no day. Some fields also take \`forever\`.
- **Defaults**: a field that a target does not have comes from \`defaults\`: mappings field by field, lists as a whole.
  After that it comes from the tables below. A built-in default never contradicts a written value: with
  \`interval: 500ms\` alone, \`timeout\` is 500ms too.
- **Anchors and aliases** (\`&name\`, \`*name\`) work for whole values. Merge keys (\`<<\`) are not read.
- **Several parts** (files, ConfigMaps) are read as one list. Each part has its own \`defaults\`. \`guards\` hold over
  all parts and must not differ between them. A target declared twice is an error that names both places.
- A list without targets (\`EmptyTargetList\`) changes nothing, like a broken list. \`run --allow-empty\` accepts it.`;

const LIMITS = `## Limits

A list is smaller than ${mebibytes(MAX_LIST_BYTES)} MiB. All parts together have at most ${number(MAX_TARGETS)} targets. A target has at
most ${number(MAX_ENDPOINTS)} endpoints and ${MAX_PORTS} ports. YAML is limited to ${number(MAX_TOKENS)} tokens, ${number(MAX_VALUES)} values with
aliases expanded, and a depth of ${MAX_DEPTH}. Anything above is refused, and the message has the figure.`;

interface Section {
  readonly path: string;
  readonly schema: z.ZodObject;
}

/** The mappings of the list, each once, outer before inner. `defaults` has no table: a target's holds. */
function sections(): Section[] {
  const found: Section[] = [{ path: '', schema: targetListSchema }];
  for (const { path, schema } of found) {
    for (const [name, field] of Object.entries(schema.shape)) {
      if (path === '' && name === 'defaults') continue;
      const { element, isList } = elementOf(field);
      if (!(element instanceof z.ZodObject)) continue;
      found.push({ path: pathBelow(path, name, isList), schema: element });
    }
  }
  return found;
}

/** What stands under a field, without its being optional or a list. */
function elementOf(field: unknown): { element: unknown; isList: boolean } {
  const value = field instanceof z.ZodOptional ? field.unwrap() : field;
  return value instanceof z.ZodArray
    ? { element: value.element, isList: true }
    : { element: value, isList: false };
}

function sectionText({ path, schema }: Section): string {
  const rows = Object.entries(schema.shape).map(([name, field]) => row(path, name, field as z.ZodType));
  return [
    `## ${path === '' ? 'The list' : `\`${path}\``}`,
    '',
    schema.meta()?.description ?? '',
    '',
    '| field | takes | default | meaning |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

function row(path: string, name: string, field: z.ZodType): string {
  const value = (field instanceof z.ZodOptional ? field.unwrap() : field) as z.ZodType;
  const { description = '', default: standard, otherwise } = value.meta() ?? {};
  const section = sectionAt(path, name, field);
  const takes = section === undefined ? (expectationOf(value)?.expected ?? '') : section;
  const absent = field instanceof z.ZodOptional ? defaultText(standard, otherwise) : '**required**';
  return `| \`${name}\` | ${cell(takes)} | ${cell(absent)} | ${cell(description)} |`;
}

/** A link to the table of a field that has one. */
function sectionAt(path: string, name: string, field: z.ZodType): string | undefined {
  if (path === '' && name === 'defaults') return 'a mapping with fields of [a target](#targets)';
  const { element, isList } = elementOf(field);
  if (!(element instanceof z.ZodObject)) return undefined;
  const heading = pathBelow(path, name, isList);
  const list = field instanceof z.ZodOptional ? field.unwrap() : field;
  const kind = isList ? (expectationOf(list)?.expected ?? 'a list') : 'a mapping';
  return `[${kind}](#${heading.toLowerCase().replace(/[^a-z]/g, '')})`;
}

function pathBelow(path: string, name: string, isList: boolean): string {
  return `${path === '' ? '' : `${path}.`}${name}${isList ? '[]' : ''}`;
}

function defaultText(standard: unknown, otherwise: unknown): string {
  if (typeof otherwise === 'string') return otherwise;
  if (standard === undefined) return '';
  return `\`${typeof standard === 'string' ? standard : JSON.stringify(standard)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function mebibytes(bytes: number): number {
  return bytes / 1024 / 1024;
}

function number(value: number): string {
  return value.toLocaleString('en');
}

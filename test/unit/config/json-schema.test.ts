import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { targetListJsonSchema } from '../../../src/config/json-schema.ts';
import { parseTargetList } from '../../../src/config/target-list.ts';
import { targetWith, withoutMarks } from '../../support/marked-list.ts';

const EXAMPLE = readFileSync(new URL('../../../config/example.yaml', import.meta.url), 'utf8');

/**
 * The JSON Schema as an editor reads it, parsed from its JSON. Without `oneOf`, because zod ignores `required` in a
 * schema without `properties`.
 */
const fromJson = z.fromJSONSchema(
  JSON.parse(JSON.stringify(targetListJsonSchema(), (key, value) => (key === 'oneOf' ? undefined : value))),
);

function schemaAccepts(text: string): boolean {
  return fromJson.safeParse(parse(text)).success;
}

test('The parser and the JSON Schema accept the example list', () => {
  expect(parseTargetList(EXAMPLE, 'example.yaml')).toMatchObject({
    ok: true,
    list: { targets: { length: 4 } },
  });
  expect(schemaAccepts(EXAMPLE)).toBe(true);
});

test.each([
  'namespac: shop',
  'namespace: My_Team',
  'adopt: yes',
  'deletionPolicy: orphan',
  'dns: { timeout: 10 sec }',
  'dns: { hold: { obsolete: forever } }',
  'dns: { attempts: 11 }',
  'healthCheck: { type: ping }',
  'publish: { resources: [] }',
  'service: { internalTrafficPolicy: Local }',
  'service: { labels: { a: 1 } }',
])('The parser and the JSON Schema reject %s', (fields) => {
  const { text } = withoutMarks(targetWith(fields));
  expect(parseTargetList(text, 'x').ok).toBe(false);
  expect(schemaAccepts(text)).toBe(false);
});

test('Every field has a description, and a default that its schema accepts', () => {
  const { properties, $defs } = targetListJsonSchema() as {
    properties: Record<string, Field>;
    $defs: Record<string, { properties: Record<string, Field> }>;
  };
  const fields = [properties, ...Object.values($defs).map((section) => section.properties)].flatMap(
    (section) => Object.entries(section),
  );
  expect(fields.length).toBeGreaterThan(50);
  for (const [name, field] of fields) {
    if (field.$ref !== undefined) continue;
    expect(field.description, name).toMatch(/\.$/);
    if (field.default === undefined) continue;
    expect(z.fromJSONSchema(field as never).safeParse(field.default), name).toMatchObject({ success: true });
  }
});

interface Field {
  readonly description?: string;
  readonly default?: unknown;
  readonly $ref?: string;
}

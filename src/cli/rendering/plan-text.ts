import { createTwoFilesPatch } from 'diff';
import { stringify } from 'yaml';
import type { Action, ApplyAction, ObjectPlan, PatchAction } from '../../plan/object-plan.ts';
import type { Colors } from './terminal.ts';

/** Every planned change, with its reason and a diff of the object. */
export function planText(plans: readonly ObjectPlan[], colors: Colors): string {
  return plans.flatMap((plan) => plan.actions.map((action) => actionText(action, colors))).join('');
}

function actionText(action: Action, colors: Colors): string {
  const object = `${action.kind} ${action.namespace}/${action.name}`;
  const title = colors.bold(`${action.verb} ${object}`);
  const reason = `(${action.reason})\n`;
  switch (action.verb) {
    case 'delete':
      return `${colors.red('-')} ${title} ${reason}\n`;
    case 'create':
      return `${colors.green('+')} ${title} ${reason}${indent(withoutIdentity(action.body), colors)}\n`;
    case 'update':
      return `${colors.yellow('~')} ${title} ${reason}${changesText(action, colors)}\n`;
  }
}

function withoutIdentity(body: object): string {
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = body as Record<string, unknown>;
  return stringify(rest, { lineWidth: 0 });
}

function indent(yaml: string, colors: Colors): string {
  const lines = yaml.trimEnd().split('\n');
  return lines.map((line) => `${colors.green(`  + ${line}`)}\n`).join('');
}

/** One unified diff over all changed fields, each under its path. */
function changesText(action: ApplyAction | PatchAction, colors: Colors): string {
  if (action.changes.length === 0) return colors.dim('    field ownership only, no content changes\n');
  const before = Object.fromEntries(
    action.changes.filter((each) => each.from !== undefined).map((each) => [each.path, each.from]),
  );
  const after = Object.fromEntries(
    action.changes.filter((each) => each.to !== undefined).map((each) => [each.path, each.to]),
  );
  const text = (fields: object) =>
    Object.keys(fields).length === 0 ? '' : stringify(fields, { lineWidth: 0 });
  const patch = createTwoFilesPatch('', '', text(before), text(after), '', '', { context: 2 });
  return patch
    .split('\n')
    .slice(4)
    .filter((line) => line !== '' && !line.startsWith('\\') && !FIRST_HUNK.test(line))
    .map((line) => `  ${paint(line, colors)}\n`)
    .join('');
}

/** The header of a hunk that starts at the first line: it leaves nothing out, so it is not shown. */
const FIRST_HUNK = /^@@ -[01](,\d+)? \+[01](,\d+)? @@/;

function paint(line: string, colors: Colors): string {
  if (line.startsWith('+')) return colors.green(line);
  if (line.startsWith('-')) return colors.red(line);
  return line.startsWith('@@') ? colors.dim(' …') : line;
}

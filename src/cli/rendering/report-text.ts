import { counted } from '../../config/problem-text.ts';
import type {
  ActionReport,
  EndpointReport,
  HoldReport,
  SyncReport,
  TargetReport,
} from '../../sync/sync-report.ts';
import { isOverridden, isTrouble } from '../../sync/sync-report.ts';
import { textTable } from './table.ts';
import type { Colors, TextOutput } from './terminal.ts';
import { colorsFor } from './terminal.ts';

/** Whether the report's writes were made, are planned, or do not exist (`check` writes nothing). */
export type Tense = 'done' | 'planned' | 'unwritten';

const WRITTEN_HEAD = { done: ['WRITTEN'], planned: ['TO WRITE'], unwritten: [] };
/** The names of some Services show which list is meant. */
const MAX_NAMES = 3;
const WHY = 3;
const WRITTEN = 6;

/** A report as text: a table of addresses, a line for each target that needs attention, and totals. */
export function reportText(report: SyncReport, tense: Tense, out: TextOutput): string {
  const colors = colorsFor(out);
  const head = ['TARGET', 'ADDRESS', 'VERDICT', 'WHY', 'LATENCY', 'FROM', ...WRITTEN_HEAD[tense]];
  const kept = report.targets.filter(({ phase }) => phase === 'Kept');
  const others = report.targets.filter(({ phase }) => phase !== 'Kept');
  const rows = others.flatMap((target) => targetRows(target, tense, colors));
  const reported = others.flatMap((target) => [
    ...(isTrouble(target) || lacksAddresses(target) ? [troubleLine(target, colors)] : []),
    ...(target.warnings ?? []).map((text) => `${targetName(target, colors)}: warning: ${text}`),
  ]);
  reported.push(...keptLines(kept, colors));
  const fit = out.isTerminal ? out.columns : undefined;
  const blocks = [textTable(head, rows, { columns: [WHY, WRITTEN], width: fit }), reported.join('\n')];
  const sums = tense === 'unwritten' ? checkedSums(report) : passSums(report, tense);
  return `${[...blocks, sums].filter((block) => block !== '').join('\n\n')}\n`;
}

/** Addresses that could not be resolved or published are not in the table; only the target's message names them. */
function lacksAddresses({ reason }: TargetReport): boolean {
  return reason === 'NameUnresolved' || reason === 'TooManyAddresses';
}

function targetRows(target: TargetReport, tense: Tense, colors: Colors): string[][] {
  const key = `${target.namespace}/${target.name}`;
  const written = tense === 'unwritten' ? [] : [writtenText(target, tense, colors)];
  if (target.endpoints.length === 0) {
    const phase = isTrouble(target) ? colors.red(target.phase) : target.phase;
    return [[key, '-', phase, target.reason, '-', '-', ...written]];
  }
  return target.endpoints.map((endpoint, index) => [
    index === 0 ? key : '',
    endpoint.address,
    verdictText(endpoint, colors),
    whyText(endpoint),
    endpoint.latencyMs === undefined ? '-' : `${endpoint.latencyMs} ms`,
    endpoint.source,
    ...(index === 0 ? written : []),
  ]);
}

function verdictText(endpoint: EndpointReport, colors: Colors): string {
  if (!endpoint.ready) return colors.red('not ready');
  return isOverridden(endpoint) ? colors.yellow('stays ready') : colors.green('ready');
}

/** Why the address is ready or not, with the failing ports; for an address that left DNS also why it is held. */
function whyText(endpoint: EndpointReport): string {
  const { ready, reason, message, held, ports = [] } = endpoint;
  const failing = ports.filter((port) => !port.ready).map(({ name, port }) => name || String(port));
  const where = failing.length === 0 ? '' : `${failing.join(', ')}: `;
  const isPlain = ready && !isOverridden(endpoint);
  const verdict = isPlain || message === '' ? reason : `${reason}: ${message}`;
  return `${where}${verdict}${held === undefined ? '' : `; ${heldText(held)}`}`;
}

function heldText({ reason, message, until }: HoldReport): string {
  const because = message === '' ? reason : `${reason}: ${message}`;
  const end = until === null ? '' : ` until ${until.replace(/\.\d+Z$/, 'Z')}`;
  return `held${end} (${because})`;
}

function targetName({ namespace, name }: TargetReport, colors: Colors): string {
  return colors.yellow(`${namespace}/${name}`);
}

function troubleLine(target: TargetReport, colors: Colors): string {
  const message = target.message === '' ? '' : `: ${target.message}`;
  return `${targetName(target, colors)}: ${target.phase} (${target.reason})${message}`;
}

/** Another list may have published thousands of Services: one line says why, and names some of them. */
function keptLines(kept: readonly TargetReport[], colors: Colors): string[] {
  return [...Map.groupBy(kept, ({ reason, message }) => `Kept (${reason}): ${message}`)].map(
    ([why, group]) => {
      const names = group.slice(0, MAX_NAMES).map((target) => targetName(target, colors));
      const more = group.length > MAX_NAMES ? ` and ${group.length - MAX_NAMES} more` : '';
      return `${names.join(', ')}${more}: ${why}`;
    },
  );
}

function checkedSums({ summary, targets }: SyncReport): string {
  const endpoints = targets.flatMap((target) => target.endpoints);
  const ready = endpoints.filter((endpoint) => endpoint.ready).length;
  return `${counted(summary.targets, 'target')}, ${ready} of ${counted(endpoints.length, 'address')} ready (${milliseconds(summary.durationMs)})`;
}

function passSums({ summary }: SyncReport, tense: 'done' | 'planned'): string {
  const { created, updated, deleted, unchanged, refused, failed } = summary;
  const objects =
    tense === 'done'
      ? `${created} created, ${updated} updated, ${deleted} deleted`
      : `${created} to create, ${updated} to update, ${deleted} to delete`;
  const targets = `${unchanged} unchanged, ${refused} refused, ${failed} failed`;
  const cost = `${counted(summary.requests, 'request')}, ${milliseconds(summary.durationMs)}`;
  return `${counted(summary.targets, 'target')}: ${targets}; objects: ${objects} (${cost})`;
}

function milliseconds(durationMs: number): string {
  return durationMs < 10_000 ? `${Math.round(durationMs)} ms` : `${(durationMs / 1000).toFixed(1)} s`;
}

const VERBS = {
  done: { create: 'created', update: 'updated', delete: 'deleted' },
  planned: { create: 'create', update: 'update', delete: 'delete' },
} as const;

/** `created Service, 2 EndpointSlices, Endpoints; deleted EndpointSlice`; a dash when nothing was written. */
function writtenText(target: TargetReport, tense: keyof typeof VERBS, { cyan, red, dim }: Colors): string {
  const byVerb = Map.groupBy(target.actions, ({ verb }) => verb);
  const parts = [...byVerb].map(([verb, actions]) => {
    const text = `${VERBS[tense][verb]} ${kindsText(actions)}`;
    return verb === 'delete' ? red(text) : cyan(text);
  });
  return parts.length === 0 ? dim('-') : parts.join('; ');
}

function kindsText(actions: readonly ActionReport[]): string {
  const objects = Map.groupBy(actions, ({ kind }) => kind);
  return [...objects]
    .map(([kind, group]) => {
      // A plan may write one object twice.
      const names = new Set(group.map(({ name }) => name)).size;
      return names === 1 ? kind : counted(names, kind);
    })
    .join(', ');
}

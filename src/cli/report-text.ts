import type { ActionReport, EndpointReport, SyncReport, TargetReport } from '../sync/sync-report.ts';
import { isTrouble } from '../sync/sync-report.ts';
import type { Colors } from './colors.ts';
import { textTable } from './table.ts';

const HEAD = ['TARGET', 'ADDRESS', 'VERDICT', 'WHY', 'LATENCY', 'FROM'];

/** What a pass did, for a person: one line an address, one line a target that needs attention, one sum. */
export function reportText(report: SyncReport, tense: 'done' | 'planned', colors: Colors): string {
  const rows = report.targets.flatMap((target) => targetRows(target, colors));
  const written = report.targets.flatMap((target) => writtenLines(target, tense, colors));
  const trouble = report.targets
    .filter((target) => isTrouble(target.phase))
    .map((target) => troubleLine(target, colors));
  const blocks = [textTable(HEAD, rows), written.join('\n'), trouble.join('\n'), summaryLine(report, tense)];
  return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
}

/** The same without a cluster: nothing was written, so nothing is said of it. */
export function checkText(report: SyncReport, colors: Colors): string {
  const rows = report.targets.flatMap((target) => targetRows(target, colors));
  const trouble = report.targets
    .filter(({ phase }) => isTrouble(phase))
    .map((each) => troubleLine(each, colors));
  const endpoints = report.targets.flatMap((target) => target.endpoints);
  const ready = endpoints.filter((endpoint) => endpoint.ready).length;
  const sum = `${report.summary.targets} targets, ${ready} of ${endpoints.length} addresses ready (${Math.round(report.summary.durationMs)} ms)`;
  return `${[textTable(HEAD, rows), trouble.join('\n'), sum].filter((block) => block !== '').join('\n\n')}\n`;
}

function targetRows(target: TargetReport, colors: Colors): string[][] {
  const key = `${target.namespace}/${target.name}`;
  if (target.endpoints.length === 0) return [[key, '-', phaseWord(target, colors), target.reason, '', '']];
  return target.endpoints.map((endpoint, index) => [
    index === 0 ? key : '',
    endpoint.address,
    verdictWord(endpoint, colors),
    endpoint.reason,
    endpoint.latencyMs === undefined ? '-' : `${endpoint.latencyMs} ms`,
    endpoint.source,
  ]);
}

function verdictWord(endpoint: EndpointReport, colors: Colors): string {
  return endpoint.ready ? colors.green('ready') : colors.red('not ready');
}

function phaseWord(target: TargetReport, colors: Colors): string {
  return isTrouble(target.phase) ? colors.red(target.phase) : target.phase;
}

const VERBS = {
  done: { create: 'created', update: 'updated', delete: 'deleted' },
  planned: { create: 'create', update: 'update', delete: 'delete' },
} as const;

function writtenLines(target: TargetReport, tense: 'done' | 'planned', colors: Colors): string[] {
  return target.actions.map((action) => {
    const verb = VERBS[tense][action.verb];
    const painted = action.verb === 'delete' ? colors.red(verb) : colors.cyan(verb);
    return `${painted} ${action.kind} ${target.namespace}/${action.name} (${action.reason})`;
  });
}

function troubleLine(target: TargetReport, colors: Colors): string {
  const message = target.message === '' ? '' : `: ${target.message}`;
  return `${colors.yellow(`${target.namespace}/${target.name}`)} ${target.phase} ${target.reason}${message}`;
}

function summaryLine({ summary }: SyncReport, tense: 'done' | 'planned'): string {
  const count = (verb: ActionReport['verb']) => (tense === 'done' ? VERBS.done[verb] : `to ${verb}`);
  const parts = [
    `${summary.targets} targets`,
    `${summary.created} ${count('create')}`,
    `${summary.updated} ${count('update')}`,
    `${summary.deleted} ${count('delete')}`,
    `${summary.unchanged} unchanged`,
    `${summary.refused} refused`,
    `${summary.failed} failed`,
  ];
  return `${parts.join(', ')} (${summary.requests} requests, ${Math.round(summary.durationMs)} ms)`;
}

import type { ActionReport, TargetReport } from '../sync/sync-report.ts';
import type { Colors } from './colors.ts';
import { counted } from './counted.ts';

const VERBS = {
  done: { create: 'created', update: 'updated', delete: 'deleted' },
  planned: { create: 'create', update: 'update', delete: 'delete' },
} as const;

/** `created Service, 2 EndpointSlices, Endpoints; deleted EndpointSlice`; a dash where nothing is. */
export function writtenText(
  target: TargetReport,
  tense: keyof typeof VERBS,
  { cyan, red, dim }: Colors,
): string {
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
      // A plan may write one object twice, on its way from one state to another.
      const names = new Set(group.map(({ name }) => name)).size;
      return names === 1 ? kind : counted(names, kind);
    })
    .join(', ');
}

import type { SyncReport, TargetReport } from '../../../src/sync/sync-report.ts';

/**
 * What `plan` said against what `sync` then did, from the same moment. `sync` may go on where a plan ends, because
 * other controllers answer what it wrote: it has to begin with what was planned, and nothing else.
 */
export function previewDifference(planned: SyncReport, done: SyncReport): string | undefined {
  const doneByKey = new Map(done.targets.map((target) => [keyOf(target), target]));
  for (const plan of planned.targets) {
    const sync = doneByKey.get(keyOf(plan));
    if (sync === undefined) return `plan speaks of ${keyOf(plan)}, and sync does not`;
    const [wanted, written] = [plan.actions.map(words), sync.actions.map(words)];
    const begins = wanted.every((action, at) => action === written[at]);
    const addsToNothing = wanted.length === 0 && written.length > 0;
    if (!begins || addsToNothing) {
      return `${keyOf(plan)}: planned ${wanted.join(', ') || 'nothing'}; done ${written.join(', ') || 'nothing'}`;
    }
    const [before, after] = [endpointsOf(plan, sync), endpointsOf(sync, sync)];
    if (wanted.length === written.length && before !== after) {
      return `${keyOf(plan)}: planned ${before}; done ${after}`;
    }
  }
  return undefined;
}

function keyOf({ namespace, name }: TargetReport): string {
  return `${namespace}/${name}`;
}

function words({ verb, kind, name, reason }: TargetReport['actions'][number]): string {
  return `${verb} ${kind} ${name} (${reason})`;
}

/** Which families a Service gets that is made or converted, the API server alone knows. */
function endpointsOf({ endpoints }: TargetReport, done: TargetReport): string {
  const notServed = new Set(
    done.endpoints.filter(({ reason }) => reason === 'FamilyNotServed').map(({ address }) => address),
  );
  return endpoints
    .map(({ address, ready, reason }) => `${address} ${ready} ${notServed.has(address) ? '' : reason}`)
    .join(', ');
}

import type { SyncReport, TargetReport } from '../../../src/sync/sync-report.ts';

/**
 * Compares what `plan` printed with what `sync` did from the same moment. `sync` must begin with the planned writes. It
 * may write more after them, because controllers react to its writes.
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

/** Only the API server knows the IP families of a Service that is created or converted. */
function endpointsOf({ endpoints }: TargetReport, done: TargetReport): string {
  const notServed = new Set(
    done.endpoints.filter(({ reason }) => reason === 'FamilyNotServed').map(({ address }) => address),
  );
  return endpoints
    .map(({ address, ready, reason }) => `${address} ${ready} ${notServed.has(address) ? '' : reason}`)
    .join(', ');
}

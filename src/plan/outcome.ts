import { type Assessment, isServing } from '../endpoint/assessment.ts';
import { SUSPENDED } from '../endpoint/drain-guard.ts';
import { LAST_READY_SILENT } from '../endpoint/last-ready.ts';
import type { NameTrouble } from '../endpoint/name-memory.ts';
import type { ObjectPlan } from './object-plan.ts';

type Outcome = Pick<ObjectPlan, 'phase' | 'reason' | 'message'>;

/** Phase, reason and message of a target whose addresses are published like this. */
export function outcomeOf(assessments: readonly Assessment[], troubles: readonly NameTrouble[]): Outcome {
  const ready = assessments.filter(isServing).length;
  const readyOnAllPorts = assessments.filter(({ ports }) => ports.every((port) => port.ready)).length;
  // A name with too many addresses still has most of them, so a name without any is reported first.
  const trouble = troubles.find(({ reason }) => reason !== 'TooManyAddresses') ?? troubles[0];
  const others = troubles.length > 1 ? ` (and ${troubles.length - 1} more)` : '';
  const unresolved =
    trouble === undefined ? '' : `${trouble.source}: ${trouble.reason}: ${trouble.message}${others}`;
  if (assessments.length === 0) {
    const reason = trouble?.reason ?? 'NoAddresses';
    return { phase: 'NotReady', reason, message: unresolved === '' ? 'no address is known' : unresolved };
  }
  const inPart = readyOnAllPorts === ready ? '' : `, ${ready - readyOnAllPorts} of them on some ports only`;
  const shares = `${ready} of ${assessments.length} addresses ready${inPart}`;
  if (ready === 0) return { phase: 'NotReady', reason: 'NoneReady', message: whyNot(assessments) };
  const kept = outcomeOfKept(assessments);
  if (kept !== undefined) return kept;
  if (trouble !== undefined) {
    const reason = trouble.reason === 'TooManyAddresses' ? trouble.reason : 'NameUnresolved';
    return { phase: 'Published', reason, message: `${unresolved}; ${shares}` };
  }
  return readyOnAllPorts === assessments.length
    ? { phase: 'Published', reason: 'AllReady', message: '' }
    : { phase: 'Published', reason: 'SomeNotReady', message: shares };
}

/** Addresses that stay ready although they were found unhealthy: a person should look, and clients may notice. */
function outcomeOfKept(assessments: readonly Assessment[]): Outcome | undefined {
  const ready = assessments.flatMap(({ address, ports }) =>
    ports.filter((port) => port.ready).map((port) => ({ ...port, address })),
  );
  const kept = ready.filter(({ reason }) => reason === SUSPENDED || reason === LAST_READY_SILENT);
  const [first] = kept;
  if (first === undefined) return undefined;
  const isLast = kept.length === ready.length && kept.some(({ reason }) => reason === LAST_READY_SILENT);
  const addresses = new Set(kept.map(({ address }) => address)).size;
  const count = addresses === 1 ? 'one ready address was' : `${addresses} ready addresses were`;
  return {
    phase: 'Published',
    reason: isLast ? LAST_READY_SILENT : 'DrainSuspended',
    message: `${count} found unhealthy and not drained; ${first.address}:${first.port} ${first.message}`,
  };
}

/** The most frequent reason, with one address as the example. */
function whyNot(assessments: readonly Assessment[]): string {
  const byReason = Map.groupBy(assessments, ({ ports }) => ports.find((port) => !port.ready)?.reason ?? '');
  const [reason = '', group = []] = [...byReason].sort((a, b) => b[1].length - a[1].length)[0] ?? [];
  const example = group[0];
  const port = example?.ports.find((each) => !each.ready);
  const detail = port?.message ? `: ${port.message}` : '';
  const count =
    assessments.length === 1
      ? 'its one address is not ready'
      : `none of ${assessments.length} addresses is ready`;
  return `${count}; ${example?.address}:${port?.port} ${reason}${detail}`;
}

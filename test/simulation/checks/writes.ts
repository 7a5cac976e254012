import { isDeepStrictEqual } from 'node:util';
import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';
import type { Change } from '../../../src/embedded/apiserver/store.ts';
import { hasSelector, serviceKeyOf } from '../world/kube-words.ts';
import type { WorkerRecord } from '../world/worker-record.ts';
import { forbiddenAddresses } from './allowed-addresses.ts';
import type { CheckContext, Report } from './check-context.ts';
import { hasOurLabels } from './ownership.ts';
import { gapInReleaseToPods } from './release-to-pods.ts';

/** Checks each write of a worker by itself: invariants 1, 3, 8, 9 and 11. */
export class Writes {
  readonly #context: CheckContext;
  readonly #report: Report;
  /** Since when a Service has a selector. */
  readonly #selectedSinceMs = new Map<string, number>();

  constructor(context: CheckContext, report: Report) {
    this.#context = context;
    this.#report = report;
  }

  /** Follows every change, of any writer: a Service may have got a selector, or lost it. */
  follow({ resource, stored, type }: Change): void {
    if (resource !== 'services') return;
    const { key } = stored;
    const selected = type !== 'DELETED' && hasSelector(stored.object);
    if (!selected) this.#selectedSinceMs.delete(key);
    else if (!this.#selectedSinceMs.has(key)) {
      this.#selectedSinceMs.set(key, this.#context.circumstances().nowMs);
    }
  }

  look(change: Change, worker: WorkerRecord): void {
    worker.writes += 1;
    const { kind, metadata } = change.stored.object;
    const what = `${kind} ${metadata.namespace}/${metadata.name}`;
    if (!worker.mayWrite) this.#report(11, `${what} was written by a preview`);
    const key = serviceKeyOf(change);
    if (!worker.hasList && key !== undefined && worker.releases !== key) {
      this.#report(9, `${what} was written by a process that never read a good list`);
    }
    const { stalestMs } = this.#context.circumstances();
    const selectedSinceMs = key === undefined ? undefined : this.#selectedSinceMs.get(key);
    // Our slices beside those of Pods may be deleted; no other write to such a Service is allowed.
    const isOwnSliceGoing = change.resource === 'endpointslices' && change.type === 'DELETED';
    const isSelected =
      selectedSinceMs !== undefined && selectedSinceMs < worker.process.startedMs - stalestMs;
    if (isSelected && !isOwnSliceGoing && !isGivenBack(change)) {
      this.#report(1, `${what} was written although the Service has a selector`);
    }
    const gap =
      worker.releases === undefined
        ? undefined
        : gapInReleaseToPods(change, this.#context.cluster.core.store);
    if (gap !== undefined) this.#report(3, gap);
    for (const address of forbiddenAddresses(change, this.#context.circumstances().guards))
      this.#report(8, `${what} was given ${address}, which no target may have`);
    if (change.resource === 'services' && change.type === 'DELETED') this.#lookAtDeletion(change, worker);
  }

  #lookAtDeletion(change: Change, worker: WorkerRecord): void {
    const key = change.stored.key;
    const specs = worker.specsOf(key, this.#context.circumstances().nowMs);
    if (specs.length > 0 && specs.every((spec) => spec !== undefined)) {
      this.#report(9, `Service ${key} was deleted although the list names it`);
    }
    worker.deletedServices.add(key);
    // One deletion is always allowed: the share is rounded up, and a Service may have been adopted since the list was read.
    const allowed = Math.max(1, Math.ceil(worker.ownedServices * 0.3));
    if (worker.deletedServices.size > allowed) {
      this.#report(
        9,
        `${worker.deletedServices.size} of ${worker.ownedServices} Services deleted by one list`,
      );
    }
  }
}

/** The change removes only our ownership labels or field ownership. */
function isGivenBack({ before, stored }: Change): boolean {
  if (before === undefined) return false;
  if (isDeepStrictEqual(contentOf(before.object), contentOf(stored.object))) return true;
  return hasOurLabels(before.object) && !hasOurLabels(stored.object);
}

function contentOf({ metadata, ...content }: ApiObject): object {
  const { managedFields: _, resourceVersion: __, ...rest } = metadata;
  return { ...content, metadata: rest };
}

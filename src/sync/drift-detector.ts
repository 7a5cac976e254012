import type { ListScope } from '../cluster/object-store.ts';
import { isOursInPart } from '../decide/owned-objects.ts';
import type { EndpointSliceObject, KubeObject } from '../manifest/kube-object.ts';
import { MANAGER } from '../manifest/labels.ts';
import { type ExistingObjects, serviceNameOf } from '../plan/existing-objects.ts';
import { isNews, type ObjectSighting, type TargetEntry } from './target-record.ts';
import type { TargetBook } from './target-registry.ts';

/** Takes in what is seen in the cluster, and tells somebody else's doing from our own writes come back. */
export class Sightings {
  readonly #book: TargetBook;
  readonly #instance: string;
  readonly #onNews: (entry: TargetEntry, sighting: ObjectSighting) => void;

  /** @param onNews what exists under the entry's name is no longer what was known of it. */
  constructor(
    book: TargetBook,
    instance: string,
    onNews: (entry: TargetEntry, sighting: ObjectSighting) => void,
  ) {
    this.#book = book;
    this.#instance = instance;
    this.#onNews = onNews;
  }

  /** Something of ours, or under a name of the list, was seen. */
  take(sighting: ObjectSighting): void {
    const { object } = sighting;
    const { namespace = '', name } = object.metadata;
    const service = object.kind === 'EndpointSlice' ? serviceNameOf(object as EndpointSliceObject) : name;
    const known = this.#book.entries.get(`${namespace}/${service}`);
    if (known === undefined && (sighting.deleted || !this.#isOurs(object))) return;
    const entry = known ?? this.#book.entryFor(namespace, service);
    if (entry.busy) entry.seenWhileBusy.push(sighting);
    else this.#judge(entry, sighting);
  }

  /** All there is of a kind within a scope: what is known besides is gone. */
  takeAll(kind: string, { namespace, labelSelector }: ListScope, items: readonly KubeObject[]): void {
    // Slices are selected by the Service's name, whoever made them; other objects by our marks.
    const isSelected = (object: KubeObject) =>
      kind === 'EndpointSlice' || labelSelector === undefined || this.#isOurs(object);
    const there = new Set(items.map((object) => object.metadata.uid));
    for (const object of items) this.take({ object, deleted: false });
    for (const { existing, ...entry } of [...this.#book.entries.values()]) {
      if (existing === undefined || (namespace !== undefined && entry.namespace !== namespace)) continue;
      for (const object of [existing.service, existing.endpoints, ...existing.slices]) {
        if (object?.kind !== kind || there.has(object.metadata.uid) || !isSelected(object)) continue;
        this.take({ object, deleted: true });
      }
    }
  }

  /** The entry is no longer busy: what was seen meanwhile can be told apart from what was written. */
  catchUp(entry: TargetEntry): void {
    for (const sighting of entry.seenWhileBusy.splice(0)) this.#judge(entry, sighting);
  }

  #judge(entry: TargetEntry, sighting: ObjectSighting): void {
    if (!isNews(entry, sighting)) return;
    // Without knowing what there was nobody can say that it was changed.
    const { object, deleted } = sighting;
    const { kind, metadata } = object;
    entry.beforeDrift = entry.existing ?? entry.beforeDrift;
    const by = deleted ? undefined : writerOf(object);
    // Another process of this instance leads, or did: it may know more than this one.
    if (by === MANAGER) entry.inherits = true;
    if (entry.beforeDrift !== undefined) {
      entry.drifts.set(`${kind}/${metadata.name}`, by === MANAGER ? 'somebody' : (by ?? 'somebody'));
    }
    entry.existing = undefined;
    this.#onNews(entry, sighting);
  }

  #isOurs(object: KubeObject): boolean {
    const existing: ExistingObjects =
      object.kind === 'EndpointSlice'
        ? { slices: [object as EndpointSliceObject] }
        : { [object.kind === 'Service' ? 'service' : 'endpoints']: object, slices: [] };
    return isOursInPart(existing, this.#instance);
  }
}

/** Who changed the object last, as its managed fields have it: within the same second somebody else rather than us. */
function writerOf({ metadata }: KubeObject): string | undefined {
  const times = (metadata.managedFields ?? []).map(({ time = '' }) => time);
  const newest = times.reduce((latest, time) => (time > latest ? time : latest), '');
  const last = (metadata.managedFields ?? []).filter(({ time = '' }) => time === newest);
  return (last.find(({ manager }) => manager !== MANAGER) ?? last[0])?.manager;
}

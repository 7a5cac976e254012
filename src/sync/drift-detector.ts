import type { ListScope } from '../cluster/object-store.ts';
import type { EndpointSliceObject, KubeObject } from '../manifest/kube-object.ts';
import { MANAGER } from '../manifest/labels.ts';
import { type ExistingObjects, isOursInPart, serviceNameOf } from '../plan/existing-objects.ts';
import { isNews, type ObjectEvent, type TargetRecord } from './target-record.ts';
import type { TargetRegistry } from './target-registry.ts';

/** Compares watch events with the known objects, and distinguishes changes of other writers from our own writes. */
export class DriftDetector {
  readonly #registry: TargetRegistry;
  readonly #instance: string;
  readonly #onNews: (record: TargetRecord, event: ObjectEvent) => void;

  /** @param onNews called when the objects of the record differ from what was known. */
  constructor(
    registry: TargetRegistry,
    instance: string,
    onNews: (record: TargetRecord, event: ObjectEvent) => void,
  ) {
    this.#registry = registry;
    this.#instance = instance;
    this.#onNews = onNews;
  }

  /** A watch or a list has shown an object of ours, or one under a name of the list. */
  take(event: ObjectEvent): void {
    const { object } = event;
    const { namespace = '', name } = object.metadata;
    const service = object.kind === 'EndpointSlice' ? serviceNameOf(object as EndpointSliceObject) : name;
    const known = this.#registry.records.get(`${namespace}/${service}`);
    if (known === undefined && (event.deleted || !this.#isOurs(object))) return;
    const record = known ?? this.#registry.recordFor(namespace, service);
    if (record.isBusy) record.defer(event);
    else this.#detect(record, event);
  }

  /** All objects of a kind within a scope: an object that is known and not among them was deleted. */
  onRelist(kind: string, { namespace, labelSelector }: ListScope, items: readonly KubeObject[]): void {
    // Slices are selected by the Service's name, no matter which program made them; other objects by our labels.
    const isSelected = (object: KubeObject) =>
      kind === 'EndpointSlice' || labelSelector === undefined || this.#isOurs(object);
    const there = new Set(items.map((object) => object.metadata.uid));
    for (const object of items) this.take({ object, deleted: false });
    for (const record of [...this.#registry.records.values()]) {
      const { existing } = record;
      if (existing === undefined || (namespace !== undefined && record.namespace !== namespace)) continue;
      for (const object of [existing.service, existing.endpoints, ...existing.slices]) {
        if (object?.kind !== kind || there.has(object.metadata.uid) || !isSelected(object)) continue;
        this.take({ object, deleted: true });
      }
    }
  }

  /** The record is no longer busy: events that came meanwhile are compared with its own writes now. */
  replayDeferred(record: TargetRecord): void {
    for (const event of record.takeDeferred()) this.#detect(record, event);
  }

  #detect(record: TargetRecord, event: ObjectEvent): void {
    if (!isNews(record, event)) return;
    const by = event.deleted ? undefined : writerOf(event.object);
    const isOurManager = by === MANAGER;
    record.noteDrift(event, isOurManager ? 'somebody' : (by ?? 'somebody'), isOurManager);
    this.#onNews(record, event);
  }

  #isOurs(object: KubeObject): boolean {
    const existing: ExistingObjects =
      object.kind === 'EndpointSlice'
        ? { slices: [object as EndpointSliceObject] }
        : { [object.kind === 'Service' ? 'service' : 'endpoints']: object, slices: [] };
    return isOursInPart(existing, this.#instance);
  }
}

/** The field manager that changed the object last. Within the same second another manager counts rather than ours. */
function writerOf({ metadata }: KubeObject): string | undefined {
  const times = (metadata.managedFields ?? []).map(({ time = '' }) => time);
  const newest = times.reduce((latest, time) => (time > latest ? time : latest), '');
  const last = (metadata.managedFields ?? []).filter(({ time = '' }) => time === newest);
  return (last.find(({ manager }) => manager !== MANAGER) ?? last[0])?.manager;
}

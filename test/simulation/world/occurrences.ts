import type { Change } from '../../../src/embedded/apiserver/store.ts';
import type { Cluster, Writer } from './cluster.ts';
import type { EventLog } from './event-log.ts';
import {
  hasSelector,
  MANAGED_BY,
  PRODUCT,
  SLICE_MANAGED_BY,
  serviceKeyOfSlice,
  specOf,
} from './kube-words.ts';

/** Counts transitions of the cluster's objects, to show that the difficult ones really happen. */
export class Occurrences {
  readonly #cluster: Cluster;
  readonly #log: EventLog;
  readonly #everServices = new Set<string>();

  constructor(cluster: Cluster, log: EventLog) {
    this.#cluster = cluster;
    this.#log = log;
    cluster.onChange((change, writer) => {
      for (const what of this.#occurrencesIn(change, writer)) this.#log.fault(`cluster ${what}`);
    });
  }

  #occurrencesIn(change: Change, writer: Writer): string[] {
    const { resource, type } = change;
    if (!['services', 'endpoints', 'endpointslices'].includes(resource)) return [];
    const found = resource === 'services' ? this.#ofService(change, writer) : [];
    if (writer.kind !== 'worker') return found;
    if (type === 'MODIFIED') found.push(...changeOfHands(change));
    if (type === 'ADDED' && resource === 'endpointslices' && this.#isFurther(change))
      found.push('further slice of the same ports');
    return found;
  }

  #ofService({ type, stored, before }: Change, writer: Writer): string[] {
    const { key, object } = stored;
    const by = writer.kind === 'people' ? 'by people' : 'by us';
    if (type === 'DELETED') return [`Service deleted ${by}`];
    if (before === undefined) {
      const isAnew = this.#everServices.has(key);
      this.#everServices.add(key);
      return isAnew ? [`Service made anew ${by}`] : [];
    }
    const selects = [hasSelector(before.object), hasSelector(object)];
    const isName = [before.object, object].map((each) => specOf(each).type === 'ExternalName');
    return [
      ...(selects[0] === selects[1] ? [] : [`selector ${selects[1] === true ? 'added' : 'removed'} ${by}`]),
      ...(isName[0] === isName[1] ? [] : [`${isName[1] === true ? 'made' : 'no longer'} ExternalName ${by}`]),
    ];
  }

  #isFurther({ stored: { object, key } }: Change): boolean {
    const service = serviceKeyOfSlice(object);
    const [namespace = ''] = key.split('/');
    return this.#cluster.core.store
      .list('endpointslices', `${namespace}/`)
      .some(
        (other) =>
          other.key !== key &&
          other.object.metadata.labels?.[SLICE_MANAGED_BY] === PRODUCT &&
          other.object.addressType === object.addressType &&
          JSON.stringify(other.object.ports) === JSON.stringify(object.ports) &&
          serviceKeyOfSlice(other.object) === service,
      );
  }
}

/** Our ownership labels appear on an object, or disappear. */
function changeOfHands({ stored, before }: Change): string[] {
  if (before === undefined) return [];
  const [was, is] = [before.object, stored.object].map(
    ({ metadata }) => metadata.labels?.[MANAGED_BY] === PRODUCT,
  );
  if (was === is) return [];
  return [`${stored.object.kind} ${is === true ? 'adopted' : 'given back'}`];
}

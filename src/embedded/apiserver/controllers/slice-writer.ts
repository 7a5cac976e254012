import { type JsonObject, type JsonValue, objectOf, sameJson } from '../json.ts';
import { endpointSliceKind } from '../kinds/endpoint-slice.ts';
import type { ApiObject, OwnerReference } from '../object.ts';
import type { ControllerClient } from './controller-client.ts';
import { MANAGED_BY_LABEL, SERVICE_NAME_LABEL } from './slice-index.ts';

/** A slice that a controller wants to exist. */
export interface WantedSlice {
  readonly addressType: 'IPv4' | 'IPv6';
  readonly ports: JsonValue[];
  readonly endpoints: JsonValue[];
}

/** The common properties of all slices of one Service and controller. */
export interface SliceTemplate {
  readonly namespace: string;
  readonly service: string;
  readonly managedBy: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly owner: ApiObject;
  /** Whether an update drops generateName, because the controller replaces the whole object. */
  readonly updatesAnew?: boolean;
}

/** Updates, creates and deletes the slices of one controller and Service until they are the desired ones. */
export function writeSlices(
  client: ControllerClient,
  template: SliceTemplate,
  existing: readonly ApiObject[],
  wanted: readonly WantedSlice[],
): void {
  const left = [...existing];
  for (const slice of wanted) {
    const at = left.findIndex(
      (one) => one.addressType === slice.addressType && sameJson(one.ports ?? [], slice.ports),
    );
    const [found] = at < 0 ? [] : left.splice(at, 1);
    const content = contentOf(template, slice);
    if (found === undefined) client.create(endpointSliceKind, template.namespace, content);
    else if (!isUpToDate(found, content)) {
      const { labels, annotations } = objectOf(content.metadata);
      const { generateName, ...kept } = found.metadata;
      const origin = template.updatesAnew || generateName === undefined ? {} : { generateName };
      const metadata = { ...kept, ...origin, labels, annotations };
      client.update(endpointSliceKind, { ...found, ...slice, metadata } as ApiObject);
    }
  }
  for (const slice of left) client.delete(endpointSliceKind, slice);
}

function isUpToDate(found: ApiObject, content: JsonObject): boolean {
  const { labels, annotations } = objectOf(content.metadata);
  return (
    sameJson(found.endpoints ?? [], content.endpoints) &&
    sameJson(found.metadata.labels ?? {}, labels) &&
    sameJson(found.metadata.annotations ?? {}, annotations)
  );
}

function contentOf(template: SliceTemplate, slice: WantedSlice): JsonObject {
  const { apiVersion, kind, metadata } = template.owner;
  const owner: OwnerReference = {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  return {
    metadata: {
      generateName: `${template.service}-`,
      labels: {
        ...template.labels,
        [SERVICE_NAME_LABEL]: template.service,
        [MANAGED_BY_LABEL]: template.managedBy,
      },
      annotations: { ...template.annotations },
      ownerReferences: [owner],
    },
    addressType: slice.addressType,
    endpoints: slice.endpoints,
    ports: slice.ports,
  };
}

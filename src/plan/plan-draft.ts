import type { Assessment } from '../endpoint/assessment.ts';
import type { EndpointEntry } from '../manifest/endpoint-entry.ts';
import { buildEndpointSlice, type SliceContent } from '../manifest/endpoint-slice.ts';
import { buildEndpoints } from '../manifest/endpoints.ts';
import type {
  EndpointSliceObject,
  EndpointsObject,
  KubeObject,
  ObjectKind,
} from '../manifest/kube-object.ts';
import { buildService, isExternalName } from '../manifest/service.ts';
import type { Target } from '../model/target.ts';
import { applyAction, deleteAction, secondApplyAction } from './actions/apply-action.ts';
import { adoptEndpointsAction, adoptFieldsAction } from './actions/ownership-patches.ts';
import type { ExistingObjects, SlicesByOwner } from './existing-objects.ts';
import { type AdoptionResult, adoptFields } from './field-ownership/adopt-fields.ts';
import type { ContestedField } from './field-ownership/field-difference.ts';
import type { Action, ApplyAction } from './object-plan.ts';
import { mayAdopt } from './plan-input.ts';
import { type Situation, skipsKind } from './situation.ts';

const NOTHING_TO_ADOPT: AdoptionResult = { adoption: undefined, conflicts: [] };

/** What a plan publishes. Nothing of it contradicts a slice of another owner. */
export interface PublishedAddresses {
  readonly assessments: readonly Assessment[];
  readonly entries: readonly EndpointEntry[];
}

/** Collects the actions of one plan, in order. An object that is as it should be makes no action. */
export class PlanDraft {
  readonly target: Target;
  /** What the plan reconciles. */
  readonly existing: ExistingObjects;
  readonly slices: SlicesByOwner;
  /** Slices of other owners that exist beside ours while the plan is applied, or for good. */
  readonly otherSlices: readonly EndpointSliceObject[];
  readonly actions: Action[] = [];
  /** By kind: fields that have to change and that another manager applies. */
  readonly conflicts = new Map<string, readonly ContestedField[]>();
  readonly mayAdopt: boolean;
  readonly #situation: Situation;
  /** The last write to each object; a second write builds on it. */
  readonly #written = new Map<string, ApplyAction>();
  /** Objects that an earlier action adopts, as they are after that action. */
  readonly #adopted = new Map<string, KubeObject>();
  readonly #ourSlices: ReadonlyMap<string, EndpointSliceObject>;

  constructor(situation: Situation, otherSlices: readonly EndpointSliceObject[]) {
    this.target = situation.target;
    this.existing = situation.reconciled;
    this.slices = situation.reconciledSlices;
    this.otherSlices = otherSlices;
    this.mayAdopt = mayAdopt(situation);
    this.#situation = situation;
    this.#ourSlices = new Map(this.slices.ours.map((slice) => [slice.metadata.name, slice]));
  }

  /** Objects of this kind stay as they are. */
  skips(kind: ObjectKind): boolean {
    return skipsKind(this.#situation, kind);
  }

  /** An action creates, changes or deletes an object of this kind. */
  touches(kind: ObjectKind): boolean {
    return this.actions.some((action) => action.kind === kind);
  }

  /** Takes over the ownership labels of Endpoints of another owner, before anything else happens to them. */
  adoptEndpoints(entries: readonly EndpointEntry[]): void {
    const { endpoints } = this.existing;
    if (endpoints === undefined || this.#isOurs(endpoints) || this.skips('Endpoints')) return;
    const { action, after } = adoptEndpointsAction(endpoints, this.#endpointsOf(entries));
    this.actions.push(action);
    this.#adopted.set(objectKey(endpoints), after);
  }

  applyService(): void {
    const { target } = this;
    const { service } = this.existing;
    if (!target.service.create || this.skips('Service')) return;
    const isWritten = this.#apply(buildService(target, this.#instance, service?.spec), service);
    // An ExternalName Service becomes ClusterIP in place, but server-side apply leaves `externalName` behind.
    const externalName = service?.spec.externalName;
    if (externalName === undefined || !isWritten) return;
    this.actions.push({
      verb: 'update',
      kind: 'Service',
      namespace: target.namespace,
      name: target.name,
      reason: 'ExternalNameRemoved',
      resourceVersion: service?.metadata.resourceVersion ?? '',
      patchType: 'merge',
      patch: { spec: { externalName: null } },
      changes: [{ path: 'spec.externalName', from: externalName, to: undefined }],
    });
  }

  applySlice(content: SliceContent): void {
    const uid = this.existing.service?.metadata.uid;
    const service = { uid, headless: this.#isHeadless() };
    const body = buildEndpointSlice(this.target, this.#instance, content, service);
    this.#apply(body, this.#ourSlices.get(content.name), uid === undefined);
  }

  /** Deletes the Endpoints if the target does not publish them. */
  applyEndpoints(entries: readonly EndpointEntry[]): void {
    const { endpoints } = this.existing;
    if (this.skips('Endpoints')) return;
    if (this.target.publish.resources.includes('Endpoints')) {
      this.#apply(this.#endpointsOf(entries), endpoints);
    } else if (endpoints !== undefined) {
      this.delete('Endpoints', [endpoints], 'NotPublished');
    }
  }

  delete(kind: ObjectKind, objects: readonly (KubeObject | EndpointSliceObject)[], reason: string): void {
    for (const object of objects) this.actions.push(deleteAction(kind, object, reason));
  }

  /** @returns false if a conflict forbids every write to the object. */
  #apply(desired: KubeObject, existing: KubeObject | undefined, awaitsServiceUid = false): boolean {
    const { kind } = desired;
    const key = objectKey(desired);
    const earlier = this.#written.get(key);
    if (earlier !== undefined) {
      this.#push(key, secondApplyAction(desired, earlier));
      return true;
    }
    const force = this.mayAdopt;
    const adopting = existing !== undefined && !this.#isOurs(existing);
    const adopted = this.#adopted.get(key);
    const { adoption, conflicts } =
      existing === undefined || adopted !== undefined
        ? NOTHING_TO_ADOPT
        : adoptFields(existing, desired, { adopting, force });
    const current = adopted ?? adoption?.after ?? existing;
    const application = applyAction(desired, current, { adopting, force, awaitsServiceUid });
    const contested = [...conflicts, ...application.conflicts];
    if (contested.length > 0) {
      this.conflicts.set(kind, [...(this.conflicts.get(kind) ?? []), ...contested]);
      return false;
    }
    if (existing !== undefined && adoption !== undefined) {
      this.actions.push(adoptFieldsAction(existing, adoption));
    }
    this.#push(key, application.action);
    return true;
  }

  get #instance(): string {
    return this.#situation.options.instance;
  }

  #endpointsOf(entries: readonly EndpointEntry[]): EndpointsObject {
    return buildEndpoints(this.target, this.#instance, entries);
  }

  /** A Service keeps forever whether it is headless; one that does not exist yet becomes what the target asks for. */
  #isHeadless(): boolean {
    const { service } = this.existing;
    if (service !== undefined && !isExternalName(service)) return service.spec.clusterIP === 'None';
    return this.target.service.type === 'Headless';
  }

  /** Asked only for slices of ours. */
  #isOurs({ kind }: KubeObject): boolean {
    const { serviceOwner, endpointsOwner } = this.#situation;
    if (kind === 'EndpointSlice') return true;
    return (kind === 'Service' ? serviceOwner : endpointsOwner) === 'us';
  }

  #push(key: string, action: ApplyAction | undefined): void {
    if (action === undefined) return;
    this.#written.set(key, action);
    this.actions.push(action);
  }
}

function objectKey({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.name}`;
}

import type { SliceContent } from '../manifest/endpoint-slice.ts';
import { buildEndpointSlice } from '../manifest/endpoint-slice.ts';
import type {
  EndpointSliceObject,
  EndpointsObject,
  KubeObject,
  ObjectKind,
} from '../manifest/kube-object.ts';
import { ownerOf } from '../manifest/labels.ts';
import { buildService } from '../manifest/service.ts';
import { adoptEndpoints } from './adopt-endpoints.ts';
import { type AdoptionResult, adoptionOf } from './adoption-options.ts';
import { applicationOf, furtherApplication } from './apply-action.ts';
import { deletionOf } from './deletion.ts';
import type { SlicesByOwner } from './existing-objects.ts';
import type { ContestedField } from './field-difference.ts';
import type { Action, ApplyAction } from './object-plan.ts';
import { mayAdopt, type PlanInput } from './plan-input.ts';
import { isHeadless } from './service-view.ts';

const NOTHING_TAKEN: AdoptionResult = { adoption: undefined, conflicts: [] };

export interface DraftOptions {
  /** Without what is somebody else's to keep. */
  readonly input: PlanInput;
  readonly slices: SlicesByOwner;
  /** Slices of others that stand beside ours while the plan is carried out, or for good. */
  readonly others: readonly EndpointSliceObject[];
  /** Kinds of objects that are left as they are. */
  readonly skipped: ReadonlySet<string>;
}

/** Collects the actions of one plan, in order; what is as it should be makes none. */
export class PlanDraft {
  readonly input: PlanInput;
  readonly slices: SlicesByOwner;
  readonly others: readonly EndpointSliceObject[];
  readonly actions: Action[] = [];
  /** By kind: fields that stand in the way and are declared by somebody else, who was not asked. */
  readonly conflicts = new Map<string, readonly ContestedField[]>();
  /** The last write to each object, so that a second one builds on it. */
  readonly #written = new Map<string, ApplyAction>();
  /** Objects that became ours in an earlier step, as they are after that. */
  readonly #claimed = new Map<string, KubeObject>();
  readonly #ourSlices: ReadonlyMap<string, EndpointSliceObject>;
  readonly #skipped: ReadonlySet<string>;

  constructor({ input, slices, others, skipped }: DraftOptions) {
    this.input = input;
    this.slices = slices;
    this.others = others;
    this.#skipped = skipped;
    this.#ourSlices = new Map(slices.ours.map((slice) => [slice.metadata.name, slice]));
  }

  /** Whether objects of that kind are somebody else's to write. */
  skips(kind: ObjectKind): boolean {
    return this.#skipped.has(kind);
  }

  /** Whether an object of that kind is created, changed or removed. */
  touches(kind: ObjectKind): boolean {
    return this.actions.some((action) => action.kind === kind);
  }

  /** Endpoints of others, which the target adopts: ours in name before anything else happens. */
  adoptEndpoints(desired: EndpointsObject): void {
    const { endpoints } = this.input.existing;
    if (endpoints === undefined || this.#isOurs(endpoints) || this.skips('Endpoints')) return;
    const { action, after } = adoptEndpoints(endpoints, desired);
    this.actions.push(action);
    this.#claimed.set(keyOf(endpoints), after);
  }

  applyService(): void {
    const { existing, options, target } = this.input;
    if (!target.service.create || this.#skipped.has('Service')) return;
    const desired = buildService(target, options.instance, existing.service?.spec);
    const isWritten = this.apply(desired, existing.service);
    // An ExternalName Service becomes ClusterIP in place, but server-side apply leaves `externalName` behind.
    const externalName = existing.service?.spec.externalName;
    if (externalName === undefined || !isWritten) return;
    this.actions.push({
      verb: 'update',
      kind: 'Service',
      namespace: target.namespace,
      name: target.name,
      reason: 'ExternalNameRemoved',
      resourceVersion: existing.service?.metadata.resourceVersion ?? '',
      patchType: 'merge',
      patch: { spec: { externalName: null } },
      changes: [{ path: 'spec.externalName', from: externalName, to: undefined }],
    });
  }

  applySlice(content: SliceContent): void {
    const { options, target, existing } = this.input;
    const uid = existing.service?.metadata.uid;
    const service = { uid, headless: isHeadless(this.input) };
    const body = buildEndpointSlice(target, options.instance, content, service);
    this.apply(body, this.#ourSlices.get(content.name), uid === undefined);
  }

  /** @returns whether the object may be written; where somebody's fields stand in the way nothing of it is. */
  apply(desired: KubeObject, existing: KubeObject | undefined, awaitsServiceUid = false): boolean {
    const { kind } = desired;
    const key = keyOf(desired);
    const earlier = this.#written.get(key);
    if (earlier !== undefined) {
      this.#push(key, furtherApplication(desired, earlier));
      return true;
    }
    const force = mayAdopt(this.input);
    const adopting = existing !== undefined && !this.#isOurs(existing);
    const adopted = this.#claimed.get(key);
    const taking =
      existing === undefined || adopted !== undefined
        ? NOTHING_TAKEN
        : adoptionOf(existing, desired, { adopting, force });
    const after = adopted ?? taking.adoption?.after ?? existing;
    const { action, conflicts } = applicationOf(desired, after, { adopting, force, awaitsServiceUid });
    const contested = [...taking.conflicts, ...conflicts];
    if (contested.length > 0) {
      this.conflicts.set(kind, [...(this.conflicts.get(kind) ?? []), ...contested]);
      return false;
    }
    if (taking.adoption !== undefined) this.actions.push(taking.adoption.action);
    this.#push(key, action);
    return true;
  }

  delete(kind: ObjectKind, objects: readonly (KubeObject | EndpointSliceObject)[], reason: string): void {
    for (const object of objects) this.actions.push(deletionOf(kind, object, reason));
  }

  #isOurs(existing: KubeObject): boolean {
    return existing.kind === 'EndpointSlice' || ownerOf(existing, this.input.options.instance) === 'us';
  }

  #push(key: string, action: ApplyAction | undefined): void {
    if (action === undefined) return;
    this.#written.set(key, action);
    this.actions.push(action);
  }
}

function keyOf({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.name}`;
}

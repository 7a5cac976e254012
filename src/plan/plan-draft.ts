import type { SliceContent } from '../manifest/endpoint-slice.ts';
import { buildEndpointSlice } from '../manifest/endpoint-slice.ts';
import type { EndpointSliceObject, KubeObject, ObjectKind } from '../manifest/kube-object.ts';
import { ownerOf } from '../manifest/labels.ts';
import { buildService } from '../manifest/service.ts';
import { applicationOf, furtherApplication } from './apply-action.ts';
import { deletionOf } from './deletion.ts';
import type { SlicesByOwner } from './existing-objects.ts';
import type { ContestedField } from './field-difference.ts';
import type { Action, ApplyAction } from './object-plan.ts';
import { mayAdopt, type PlanInput } from './plan-input.ts';
import { isHeadless } from './service-view.ts';
import { takeOverOf } from './take-over.ts';

/** Collects the actions of one plan, in order; what is as it should be makes none. */
export class PlanDraft {
  readonly input: PlanInput;
  readonly slices: SlicesByOwner;
  readonly actions: Action[] = [];
  /** Fields that stand in the way and are declared by somebody else, who was not asked. */
  readonly conflicts: ContestedField[] = [];
  /** The last write to each object, so that a second one builds on it. */
  private readonly written = new Map<string, ApplyAction>();
  private readonly ourSlices: ReadonlyMap<string, EndpointSliceObject>;

  constructor(input: PlanInput, slices: SlicesByOwner) {
    this.input = input;
    this.slices = slices;
    this.ourSlices = new Map(slices.ours.map((slice) => [slice.metadata.name, slice]));
  }

  /** Whether an object of that kind is created, changed or removed. */
  touches(kind: ObjectKind): boolean {
    return this.actions.some((action) => action.kind === kind);
  }

  applyService(): void {
    const { existing, options, target } = this.input;
    if (!target.service.create) return;
    this.apply(buildService(target, options.instance), existing.service);
    // An ExternalName Service becomes ClusterIP in place, but server-side apply leaves `externalName` behind.
    const externalName = existing.service?.spec.externalName;
    if (externalName === undefined) return;
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
    this.apply(body, this.ourSlices.get(content.name), uid === undefined);
  }

  apply(desired: KubeObject, existing: KubeObject | undefined, awaitsServiceUid = false): void {
    const key = `${desired.kind}/${desired.metadata.name}`;
    const earlier = this.written.get(key);
    if (earlier !== undefined) {
      this.push(key, furtherApplication(desired, earlier));
      return;
    }
    const mayTake = mayAdopt(this.input);
    const adopting = existing !== undefined && !this.isOurs(existing);
    const { action, conflicts } = applicationOf(desired, this.takenOver(desired, existing, adopting), {
      adopting,
      mayTake,
      awaitsServiceUid,
    });
    this.conflicts.push(...conflicts);
    this.push(key, action);
  }

  delete(kind: ObjectKind, objects: readonly (KubeObject | EndpointSliceObject)[], reason: string): void {
    for (const object of objects) this.actions.push(deletionOf(kind, object, reason));
  }

  /** The object as it is once its fields are in the right hands. */
  private takenOver(
    desired: KubeObject,
    existing: KubeObject | undefined,
    adopting: boolean,
  ): KubeObject | undefined {
    if (existing === undefined) return undefined;
    const mayTake = mayAdopt(this.input);
    const { takeOver, conflicts } = takeOverOf(existing, desired, { adopting, mayTake });
    this.conflicts.push(...conflicts);
    if (takeOver === undefined) return existing;
    this.actions.push(takeOver.action);
    return takeOver.after;
  }

  private isOurs(existing: KubeObject): boolean {
    return existing.kind === 'EndpointSlice' || ownerOf(existing, this.input.options.instance) === 'us';
  }

  private push(key: string, action: ApplyAction | undefined): void {
    if (action === undefined) return;
    this.written.set(key, action);
    this.actions.push(action);
  }
}

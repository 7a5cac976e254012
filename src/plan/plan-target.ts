import { type Assessment, isServing, withReadiness } from '../endpoint/assessment.ts';
import type { NameTrouble } from '../endpoint/name-memory.ts';
import { type EndpointEntry, entriesOf, portSetKey } from '../manifest/endpoint-entry.ts';
import { buildEndpointSlice, type SliceContent } from '../manifest/endpoint-slice.ts';
import { buildEndpoints } from '../manifest/endpoints.ts';
import type { EndpointPort, EndpointSliceObject, KubeObject, ObjectKind } from '../manifest/kube-object.ts';
import { ownerOf } from '../manifest/labels.ts';
import { buildService } from '../manifest/service.ts';
import { type PackedSlice, packSlices } from '../manifest/slice-packing.ts';
import { applicationOf, furtherApplication } from './apply-action.ts';
import { type SlicesByOwner, slicesByOwner } from './existing-objects.ts';
import { servedFamilies, splitByFamily } from './families.ts';
import type { ContestedField } from './field-difference.ts';
import { handoverFrom, repeatReadiness } from './handover.ts';
import type { Action, ApplyAction, Continuation, ObjectPlan } from './object-plan.ts';
import { mayAdopt, type PlanInput } from './plan-input.ts';
import { deletion, mirrorCovers } from './plan-removal.ts';
import { refusalOf } from './refusal.ts';
import { stageSlices } from './slice-stages.ts';

/** A target's plan, and its addresses as they will stand once it is carried out. */
export interface TargetPlan {
  readonly plan: ObjectPlan;
  readonly assessments: readonly Assessment[];
}

/** Desired × existing → what to do, in an order that never leaves a gap. Pure. */
export function planTarget(input: PlanInput): TargetPlan {
  const { target, assessments } = input;
  const refusal = refusalOf(input);
  if (refusal !== undefined) return { plan: { ...identity(input), ...refusal, actions: [] }, assessments };

  const families = servedFamilies(input);
  const { served, unserved } = splitByFamily(assessments, families);
  const slices = slicesByOwner(input.existing, input.options.instance);
  const publishesSlices = target.publish.resources.includes('EndpointSlice');
  const handover = publishesSlices ? handoverFrom(slices, served) : repeatReadiness(slices.ours, served);
  const draft = new PlanDraft(input, slices, entriesOf(handover.assessments, target.publish));
  const continuation = publishesSlices ? draft.withSlices() : draft.withEndpointsOnly();

  const published = [...handover.assessments, ...unserved.map(notServed)];
  if (draft.conflicts.length > 0) {
    const plan: ObjectPlan = { ...identity(input), ...conflictRefusal(draft.conflicts), actions: [] };
    return { plan, assessments: published };
  }
  if (input.options.policy === 'create-only' && input.existing.service !== undefined) {
    return {
      plan: { ...identity(input), ...outcomeOf(published, input.troubles), actions: [] },
      assessments: published,
    };
  }
  const plan: ObjectPlan = {
    ...identity(input),
    ...outcomeOf(published, input.troubles),
    actions: draft.actions,
    ...(continuation === undefined ? {} : { continuation }),
    ...(input.existing.service === undefined ? { assumedFamilies: families } : {}),
  };
  return { plan, assessments: published };
}

function identity({ target }: PlanInput) {
  return { namespace: target.namespace, name: target.name };
}

function notServed(assessment: Assessment): Assessment {
  if (assessment.refused) return assessment;
  return withReadiness(assessment, () => ({
    ready: false,
    reason: 'FamilyNotServed',
    message: 'the Service has no such address family',
  }));
}

function outcomeOf(
  assessments: readonly Assessment[],
  troubles: readonly NameTrouble[],
): Pick<ObjectPlan, 'phase' | 'reason' | 'message'> {
  const ready = assessments.filter(isServing).length;
  const [trouble] = troubles;
  const unresolved = trouble === undefined ? '' : `${trouble.source}: ${trouble.reason}: ${trouble.message}`;
  if (assessments.length === 0) {
    const reason = trouble?.reason ?? 'NoAddresses';
    return { phase: 'NotReady', reason, message: unresolved === '' ? 'no address is known' : unresolved };
  }
  const shares = `${ready} of ${assessments.length} addresses ready`;
  if (ready === 0) return { phase: 'NotReady', reason: 'NoneReady', message: whyNot(assessments) };
  if (trouble !== undefined) {
    return { phase: 'Published', reason: 'NameUnresolved', message: `${unresolved}; ${shares}` };
  }
  return ready === assessments.length
    ? { phase: 'Published', reason: 'AllReady', message: '' }
    : { phase: 'Published', reason: 'SomeNotReady', message: shares };
}

/** The most frequent reason, with one address as the example. */
function whyNot(assessments: readonly Assessment[]): string {
  const byReason = Map.groupBy(assessments, ({ ports }) => ports.find((port) => !port.ready)?.reason ?? '');
  const [reason = '', group = []] = [...byReason].sort((a, b) => b[1].length - a[1].length)[0] ?? [];
  const example = group[0];
  const port = example?.ports.find((each) => !each.ready);
  const detail = port?.message ? `: ${port.message}` : '';
  const all =
    assessments.length === 1
      ? 'its one address is not ready'
      : `none of ${assessments.length} addresses is ready`;
  return `${all}; ${example?.address}:${port?.port} ${reason}${detail}`;
}

function conflictRefusal(
  conflicts: readonly ContestedField[],
): Pick<ObjectPlan, 'phase' | 'reason' | 'message'> {
  const text = conflicts.map(({ path, manager }) => `${path} (${manager})`).join(', ');
  return {
    phase: 'Refused',
    reason: 'FieldConflict',
    message: `applied by another field manager with another value: ${text}; set \`adopt: true\` to take the fields over`,
  };
}

/** Collects the actions of one plan. Each method is one of the orders of writes that DESIGN names. */
class PlanDraft {
  readonly actions: Action[] = [];
  readonly conflicts: ContestedField[] = [];
  private readonly input: PlanInput;
  private readonly slices: SlicesByOwner;
  private readonly entries: readonly EndpointEntry[];
  /** The last write to each object, so that a second one builds on it. */
  private readonly written = new Map<string, ApplyAction>();

  constructor(input: PlanInput, slices: SlicesByOwner, entries: readonly EndpointEntry[]) {
    this.input = input;
    this.slices = slices;
    this.entries = entries;
  }

  /** Slices, with Endpoints beside them or without. */
  withSlices(): Continuation | undefined {
    const { existing, target } = this.input;
    const { slices, surplus } = packSlices({
      serviceName: target.name,
      entries: this.entries,
      existing: this.slices.ours,
      takenNames: existing.slices.map((slice) => slice.metadata.name),
    });
    const contents = stageSlices(slices, surplus);
    if (existing.service?.spec.type === 'ExternalName') {
      // Until the type changes, names resolve by CNAME; when it does, everything must be there already.
      this.applySlices(contents);
      this.settleEndpoints();
      this.applyService();
    } else {
      this.bridgePortNames(slices);
      this.applyService();
      this.applySlices(contents);
      this.settleEndpoints();
    }
    this.delete('EndpointSlice', surplus, 'Surplus');
    this.delete('EndpointSlice', [...this.slices.leftover, ...this.slices.foreign], 'Adopted');
    if (this.slices.mirrored.length > 0) return { until: 'MirroredSlicesGone' };
    const takenOver = this.slices.leftover.length + this.slices.foreign.length > 0;
    return takenOver ? { until: 'ServiceRead' } : undefined;
  }

  /** Endpoints alone: the mirroring controller makes the slices, and ours stay until it has. */
  withEndpointsOnly(): Continuation | undefined {
    if (this.input.existing.service === undefined) this.applyService();
    this.settleEndpoints();
    if (this.input.existing.service !== undefined) this.applyService();
    const { ours } = this.slices;
    if (ours.length === 0) return undefined;
    if (!mirrorCovers(this.slices)) return { until: 'MirroredSlicesPresent' };
    this.delete('EndpointSlice', ours, 'NotPublished');
    return { until: 'ServiceRead' };
  }

  private applyService() {
    const { existing, options, target } = this.input;
    if (!target.service.create) return;
    this.apply(buildService(target, options.instance), existing.service, false);
    // An ExternalName Service becomes ClusterIP in place, but server-side apply leaves `externalName` behind.
    const externalName = existing.service?.spec.externalName;
    if (externalName === undefined) return;
    this.actions.push({
      verb: 'update',
      kind: 'Service',
      namespace: target.namespace,
      name: target.name,
      reason: 'ExternalNameRemoved',
      patchType: 'merge',
      patch: { spec: { externalName: null } },
      changes: [{ path: 'spec.externalName', from: externalName, to: undefined }],
    });
  }

  /** Endpoints as the target wants them, or none. */
  private settleEndpoints() {
    const { existing, options, target } = this.input;
    if (target.publish.resources.includes('Endpoints')) {
      this.apply(buildEndpoints(target, options.instance, this.entries), existing.endpoints, false);
    } else if (existing.endpoints !== undefined) {
      this.delete('Endpoints', [existing.endpoints], 'NotPublished');
    }
  }

  /**
   * kube-proxy joins Service and slice by the port's name. When names change, our slices first carry old and
   * new ones, so that whichever the Service has at that moment finds its endpoints.
   */
  private bridgePortNames(slices: readonly PackedSlice[]) {
    const { existing, target } = this.input;
    if (existing.service === undefined || !target.service.create) return;
    const wanted = new Set(target.ports.map((port) => port.name));
    const old = new Set((existing.service.spec.ports ?? []).map((port) => port.name ?? ''));
    if ([...old].every((name) => wanted.has(name))) return;
    for (const slice of slices) {
      if (slice.existing === undefined) continue;
      const outgoing = (slice.existing.ports ?? []).filter(
        (port) =>
          old.has(port.name ?? '') && !slice.ports.some((each) => (each.name ?? '') === (port.name ?? '')),
      );
      if (outgoing.length === 0) continue;
      const ports: EndpointPort[] = [...slice.ports, ...outgoing];
      if (portSetKey(ports) === portSetKey(slice.existing.ports ?? [])) continue;
      this.applySlices([{ ...slice, ports }]);
    }
  }

  private applySlices(contents: readonly SliceContent[]) {
    const { options, target, existing } = this.input;
    const byName = new Map(this.slices.ours.map((slice) => [slice.metadata.name, slice]));
    const uid = existing.service?.metadata.uid;
    for (const content of contents) {
      const body = buildEndpointSlice(target, options.instance, content, uid);
      this.apply(body, byName.get(content.name), uid === undefined);
    }
  }

  private apply(desired: KubeObject, existing: KubeObject | undefined, awaitsServiceUid: boolean) {
    const key = `${desired.kind}/${desired.metadata.name}`;
    const earlier = this.written.get(key);
    if (earlier !== undefined) {
      this.push(key, furtherApplication(desired, earlier));
      return;
    }
    const isOurs =
      existing === undefined ||
      desired.kind === 'EndpointSlice' ||
      ownerOf(existing, this.input.options.instance) === 'us';
    const { action, conflicts } = applicationOf(desired, existing, {
      adopting: !isOurs,
      mayTake: mayAdopt(this.input),
      awaitsServiceUid,
    });
    this.conflicts.push(...conflicts);
    this.push(key, action);
  }

  private push(key: string, action: ApplyAction | undefined) {
    if (action === undefined) return;
    this.written.set(key, action);
    this.actions.push(action);
  }

  private delete(kind: ObjectKind, objects: readonly (KubeObject | EndpointSliceObject)[], reason: string) {
    for (const object of objects) this.actions.push(deletion(kind, object, reason));
  }
}

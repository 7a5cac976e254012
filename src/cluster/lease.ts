import type { KubeObject } from '../manifest/kube-object.ts';
import { HOLDER_LISTS_ANNOTATION } from '../manifest/labels.ts';

/** `coordination.k8s.io/v1` Lease: the fields that leader election uses. */
export interface LeaseObject extends KubeObject {
  readonly spec?: LeaseSpec;
}

export interface LeaseSpec {
  /** Absent or empty: the lease is free. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  /** How often the holder has changed. */
  readonly leaseTransitions?: number;
}

export interface Holding {
  readonly identity: string;
  readonly leaseDurationMs: number;
  /** The target lists that the holder has; undefined: it has read none yet. */
  readonly lists: readonly string[] | undefined;
  readonly wallMs: number;
}

/**
 * The lease after it was taken or renewed: the write over `before` (client-go, `leaderelection.go`,
 * tryAcquireOrRenew).
 */
export function heldLease(
  before: LeaseObject,
  { identity, leaseDurationMs, lists, wallMs }: Holding,
): LeaseObject {
  const { metadata, spec = {} } = before;
  const { [HOLDER_LISTS_ANNOTATION]: _, ...annotations } = metadata.annotations ?? {};
  const told = lists === undefined ? {} : { [HOLDER_LISTS_ANNOTATION]: JSON.stringify(lists) };
  const isRenewal = spec.holderIdentity === identity;
  const transitions = spec.leaseTransitions ?? 0;
  return {
    ...before,
    metadata: { ...metadata, annotations: { ...annotations, ...told } },
    spec: {
      ...spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1_000),
      acquireTime: (isRenewal ? spec.acquireTime : undefined) ?? microTime(wallMs),
      renewTime: microTime(wallMs),
      leaseTransitions:
        isRenewal || before.metadata.resourceVersion === undefined ? transitions : transitions + 1,
    },
  };
}

/** The lists of the holder; undefined: it does not say. */
export function listsOfHolder({ metadata }: LeaseObject): readonly string[] | undefined {
  const text = metadata.annotations?.[HOLDER_LISTS_ANNOTATION];
  if (text === undefined) return undefined;
  try {
    const lists: unknown = JSON.parse(text);
    return Array.isArray(lists) && lists.every((each) => typeof each === 'string') ? lists : undefined;
  } catch {
    // A person has edited it; there is nothing to compare.
    return undefined;
  }
}

/** The released lease. It has no holder, and it expires after a second for programs that look at the duration only. */
export function releasedLease(before: LeaseObject, wallMs: number): LeaseObject {
  const time = microTime(wallMs);
  return {
    ...before,
    spec: { ...before.spec, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: time, renewTime: time },
  };
}

/** `metav1.MicroTime`: the API server requires six digits after the point. */
export function microTime(wallMs: number): string {
  const micros = Math.round((wallMs - Math.floor(wallMs)) * 1_000) % 1_000;
  return new Date(Math.floor(wallMs)).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}

import type { KubeObject } from '../manifest/kube-object.ts';

/** `coordination.k8s.io/v1` Lease, as far as leader election reads and writes it. */
export interface LeaseObject extends KubeObject {
  readonly spec?: LeaseSpec;
}

export interface LeaseSpec {
  /** Absent or empty: nobody holds it. */
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  /** How often it has changed hands. */
  readonly leaseTransitions?: number;
}

export interface Holding {
  readonly identity: string;
  readonly leaseDurationMs: number;
  readonly wallMs: number;
}

/** The lease taken or renewed: what is written over `before` (client-go, `leaderelection.go`, tryAcquireOrRenew). */
export function heldLease(before: LeaseObject, { identity, leaseDurationMs, wallMs }: Holding): LeaseObject {
  const { spec = {} } = before;
  const isRenewal = spec.holderIdentity === identity;
  const transitions = spec.leaseTransitions ?? 0;
  return {
    ...before,
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

/** The lease given back: free for whoever comes next, and over in a second for whoever counts. */
export function releasedLease(before: LeaseObject, wallMs: number): LeaseObject {
  const time = microTime(wallMs);
  return {
    ...before,
    spec: { ...before.spec, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: time, renewTime: time },
  };
}

/** `metav1.MicroTime`: six digits after the point, or the API server refuses it. */
export function microTime(wallMs: number): string {
  const micros = Math.round((wallMs - Math.floor(wallMs)) * 1_000) % 1_000;
  return new Date(Math.floor(wallMs)).toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`);
}

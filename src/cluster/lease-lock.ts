import type { KubeObject } from '../manifest/kube-object.ts';
import type { Labels } from '../manifest/labels.ts';
import type { Clock } from '../time/clock.ts';
import { heldLease, type LeaseObject, releasedLease } from './lease.ts';
import type { ApiFailureReason, ApiResult, ObjectStore } from './object-store.ts';

export interface LockSettings {
  readonly lease: { readonly namespace: string; readonly name: string };
  readonly labels: Labels;
  /** The identity of this process only. A Pod's name is not enough: it is used again after a restart. */
  readonly identity: string;
  readonly leaseDurationMs: number;
  /** The target lists of this process, once it has read them. */
  readonly lists: () => readonly string[] | undefined;
}

const WRITE = { dryRun: false } as const;

/** Tries to release the lease. */
const ATTEMPTS = 3;

/** The lease has changed since it was read. */
const OVERTAKEN: ReadonlySet<ApiFailureReason> = new Set(['Conflict', 'AlreadyExists', 'NotFound']);

export function isOvertaken({
  failure,
}: {
  readonly failure: { readonly reason: ApiFailureReason };
}): boolean {
  return OVERTAKEN.has(failure.reason);
}

interface LeaseLockPorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
}

/** Reads, takes and releases the Lease. Each write carries the resourceVersion of the last read. */
export class LeaseLock {
  readonly #ports: LeaseLockPorts;
  readonly #settings: LockSettings;

  constructor(ports: LeaseLockPorts, settings: LockSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  read(signal: AbortSignal): Promise<ApiResult<LeaseObject>> {
    return this.#ports.store.get({ kind: 'Lease', ...this.#settings.lease }, signal);
  }

  /** Takes or renews the lease, if it is still as in `before`. */
  take(before: LeaseObject, signal: AbortSignal): Promise<ApiResult<LeaseObject>> {
    return this.#ports.store.replace(this.#held(before), WRITE, signal);
  }

  /** Creates the lease and takes it. */
  create(signal: AbortSignal): Promise<ApiResult<LeaseObject>> {
    const { lease, labels } = this.#settings;
    const body = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...lease, labels } };
    return this.#ports.store.create(this.#held(body), WRITE, signal);
  }

  /** A renewal in flight may have changed the lease after the read; then the release is tried again. */
  async giveBack(signal: AbortSignal): Promise<ApiResult<KubeObject>> {
    const { store, clock } = this.#ports;
    for (let attempt = 1; ; attempt++) {
      const read = await this.read(signal);
      if (!read.ok || read.value.spec?.holderIdentity !== this.#settings.identity) return read;
      const released = await store.replace(releasedLease(read.value, clock.wallNow()), WRITE, signal);
      if (released.ok || !isOvertaken(released) || attempt === ATTEMPTS) return released;
    }
  }

  #held(before: LeaseObject): LeaseObject {
    const { identity, leaseDurationMs, lists } = this.#settings;
    const wallMs = this.#ports.clock.wallNow();
    return heldLease(before, { identity, leaseDurationMs, lists: lists(), wallMs });
  }
}

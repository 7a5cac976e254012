import type { KubeRequest } from '../../../src/io/kube-retry.ts';
import { isWrite } from '../world/api-faults.ts';
import type { SimProcess } from '../world/sim-process.ts';
import type { World } from '../world/world.ts';
import { LOOKS_AGAIN_WITHIN_MS } from './late-commits.ts';

const LEASE_KEY = 'default/external-endpoints-default';

/** Reports writes that a replica sends while another replica holds the lease. */
export class LeadershipCheck {
  readonly #world: World;
  readonly #process: SimProcess;

  constructor(world: World, process: SimProcess) {
    this.#world = world;
    this.#process = process;
  }

  look(request: KubeRequest): void {
    const { scenario, checkers, scheduler, people, workers } = this.#world;
    // `release` runs without leader election.
    if (workers.get(this.#process)?.releases !== undefined) return;
    if (scenario.mode !== 'deployment' || !isWrite(request) || /\/leases(\/|\?|$)/.test(request.path)) return;
    // A person who edits the lease makes two leaders, until the first of them reads it again.
    if (scheduler.nowMs - people.editedLeaseMs < LOOKS_AGAIN_WITHIN_MS) return;
    const holder = leaseHolder(this.#world);
    if (holder === undefined || holder === this.#process) return;
    const [path] = request.path.split('?');
    checkers.report(
      7,
      `${this.#process.name} sent ${request.method} ${path} while ${holder.name} held the lease`,
    );
  }
}

/** The replica that the Lease names as its holder, if it acquired the Lease itself. */
export function leaseHolder({ cluster, workers }: World): SimProcess | undefined {
  const spec = (cluster.core.store.get('leases', LEASE_KEY)?.object.spec ?? {}) as {
    holderIdentity?: string;
  };
  return [...workers.keys()].find(({ name }) => name === spec.holderIdentity);
}

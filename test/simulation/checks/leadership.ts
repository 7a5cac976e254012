import type { KubeRequest } from '../../../src/io/kube-retry.ts';
import { isWrite } from '../world/api-faults.ts';
import type { SimProcess } from '../world/sim-process.ts';
import type { World } from '../world/world.ts';
import { LOOKS_AGAIN_WITHIN_MS } from './late-commits.ts';

const LEASE_KEY = 'default/external-endpoints-default';

/** Looks at what a replica sends while another one holds the lease. */
export class LeadershipCheck {
  readonly #world: World;
  readonly #process: SimProcess;

  constructor(world: World, process: SimProcess) {
    this.#world = world;
    this.#process = process;
  }

  look(request: KubeRequest): void {
    const { scenario, checkers, scheduler, people, workers } = this.#world;
    // Whoever gives a Service back asks nobody who leads.
    if (workers.get(this.#process)?.releases !== undefined) return;
    if (scenario.mode !== 'deployment' || !isWrite(request) || /\/leases(\/|\?|$)/.test(request.path)) return;
    // Whoever tampers with the lease makes two leaders, until the first of them looks at it again.
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

/** The replica whose name stands in the Lease, if it is one and took it itself. */
export function leaseHolder({ cluster, workers }: World): SimProcess | undefined {
  const spec = (cluster.core.store.get('leases', LEASE_KEY)?.object.spec ?? {}) as {
    holderIdentity?: string;
  };
  return [...workers.keys()].find(({ name }) => name === spec.holderIdentity);
}

import type { KubeAnswer, KubeRequest } from '../../../src/io/kube-retry.ts';
import type { Compressor } from '../../../src/state/config-map-state.ts';
import { ReferenceHealth } from '../checks/reference-health.ts';
import type { WorkerRecord } from './worker-record.ts';
import type { World } from './world.ts';

/** In place of compression, so that stories stay readable. Like real compression it rejects damaged data. */
export const plainText: Compressor = {
  compress: async (text) => `=${text}`,
  decompress: async (text) => {
    if (!text.startsWith('=')) throw new Error('incorrect header check');
    return text.slice(1);
  },
};

const STATE_PATH = /\/configmaps\/external-endpoints-state-/;

/**
 * Follows knowledge from process to process. A process that saves its state leaves its knowledge at the new revision, and
 * a process that reads this revision starts with it.
 */
export class StateLineage {
  static readonly #known = new WeakMap<World, StateLineage>();
  readonly #byRevision = new Map<string, ReferenceHealth>();

  static of(world: World): StateLineage {
    const known = StateLineage.#known.get(world);
    if (known !== undefined) return known;
    const lineage = new StateLineage();
    StateLineage.#known.set(world, lineage);
    world.cluster.onChange((change, writer) => {
      if (change.resource !== 'configmaps' || writer.kind !== 'worker') return;
      const record = world.workers.get(writer.process);
      const revision = change.stored.object.metadata.resourceVersion;
      if (record !== undefined) lineage.#byRevision.set(revision, record.health.copy());
    });
    return lineage;
  }

  follow(request: KubeRequest, answer: KubeAnswer, record: WorkerRecord): void {
    if (request.method !== 'GET' || !STATE_PATH.test(request.path) || record.hasLoadedState) return;
    if (!answer.ok) {
      record.hasNoStateStore = answer.failure.reason === 'Forbidden';
      record.hasLoadedState = answer.failure.reason === 'NotFound' || record.hasNoStateStore;
      return;
    }
    record.hasNoStateStore = false;
    record.hasLoadedState = true;
    const { metadata } = JSON.parse(answer.body) as { metadata: { resourceVersion: string } };
    record.health = this.#byRevision.get(metadata.resourceVersion)?.copy() ?? new ReferenceHealth();
  }
}

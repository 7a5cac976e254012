import type { ListSource } from '../../../src/sync/list/list-source.ts';
import type { SimProcess } from './sim-process.ts';
import type { Reading } from './target-file.ts';
import type { WorkerRecord } from './worker-record.ts';
import type { World } from './world.ts';

/** How long it takes until an edit is noticed, as with a kubelet's mount that is looked at every second. */
const LOOK_EVERY_MS = 1_000;

/** The list file as a long-lived process follows it. */
export function followedFile(world: World, process: SimProcess, record: WorkerRecord): ListSource {
  const { file, scheduler, judge, cluster } = world;
  return {
    name: 'targets.yaml',
    run: async (onParts, signal) => {
      let told: Reading | undefined;
      for (;;) {
        const reading = file.read();
        if (reading !== told) {
          const { parts, version } = reading;
          told = reading;
          if (version.targets !== undefined) {
            record.readList(version, scheduler.nowMs, judge.ownership.servicesOf(cluster.core.store));
          }
          onParts(parts);
        }
        await process.clock.sleep(LOOK_EVERY_MS, signal);
      }
    },
  };
}

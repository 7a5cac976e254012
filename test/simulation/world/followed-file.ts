import type { ClusterListFlags } from '../../../src/cli/options.ts';
import type { ListSource } from '../../../src/list/list-source.ts';
import type { ListVersion } from '../scenario/target-spec.ts';
import type { SimProcess } from './sim-process.ts';
import type { Reading } from './target-file.ts';
import type { World } from './world.ts';

const PATH = 'targets.yaml';

/** How late an edit is noticed: a mounted file is read every second. */
const LOOK_EVERY_MS = 1_000;

export const FLAGS_OF_FILE: ClusterListFlags = { config: [PATH] };

/** The list file as `run` follows it. */
export function followedFile(
  { file }: World,
  process: SimProcess,
  onRead: (version: ListVersion) => void,
): ListSource {
  return {
    name: PATH,
    run: async (onParts, signal) => {
      let reported: Reading | undefined;
      for (;;) {
        const reading = file.read();
        if (reading !== reported) {
          reported = reading;
          onRead(reading.version);
          onParts(reading.parts);
        }
        await process.clock.sleep(LOOK_EVERY_MS, signal);
      }
    },
  };
}

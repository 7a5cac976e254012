import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// To be loaded into another program with `node --import`. On SIGUSR2 it collects garbage and writes a line of JSON to
// stderr, between the lines of the program's log: { "reason": "HeapMeasured", "heapBytes": 12345678 }.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

process.on('SIGUSR2', async () => {
  // The least of several: work under way holds megabytes for a moment, and what leaks is in each of them.
  let heapBytes = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 12; round += 1) {
    collectGarbage();
    heapBytes = Math.min(heapBytes, process.memoryUsage().heapUsed);
    await delay(100);
  }
  process.stderr.write(`${JSON.stringify({ reason: 'HeapMeasured', heapBytes })}\n`);
});

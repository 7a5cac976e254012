import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { Pool } from 'undici';
import { startEmbeddedApiServer } from '../../src/embedded/apiserver/listener.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';

/**
 * What the embedded API server costs, seen by a client over real HTTP: server-side applies that create,
 * change and change nothing, a list, and a watch that follows, at growing numbers of objects. One line of
 * JSON a result; `serverCpuMicros` is what an operation costs the server's thread, which a busy machine
 * does not change as it changes the rate. `node test/bench/embedded.ts [--smoke] [OBJECTS…]`.
 */
const SMOKE = process.argv.includes('--smoke');
const SIZES = process.argv
  .slice(2)
  .filter((each) => !each.startsWith('--'))
  .map(Number);
if (SIZES.some((size) => !Number.isInteger(size) || size < 1))
  throw new Error(`sizes are whole numbers: ${SIZES}`);
const DEFAULT_SIZES = SMOKE ? [100] : [750, 1500, 3000, 6000];
const CONCURRENCY = 32;
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';

if (isMainThread) {
  for (const objects of SIZES.length > 0 ? SIZES : DEFAULT_SIZES) await measure(objects);
} else {
  const server = await startEmbeddedApiServer({ clock: systemClock, random: systemRandom });
  parentPort?.postMessage(server.url);
}

async function measure(objects: number): Promise<void> {
  const worker = new Worker(new URL(import.meta.url));
  const [url] = (await once(worker, 'message')) as [string];
  const pool = new Pool(url, { connections: CONCURRENCY, pipelining: 1 });
  const watched = watch(pool, objects * 2);
  await time(worker, 'apply: create', objects, (at) => apply(pool, at, 1));
  await time(worker, 'apply: change nothing', objects, (at) => apply(pool, at, 1));
  await time(worker, 'apply: change one endpoint', objects, (at) => apply(pool, at, 2));
  const startedAt = performance.now();
  const bytes = await list(pool);
  report('list', objects, 1, performance.now() - startedAt, { bytes });
  report('watch: all events', objects, objects * 2, await watched);
  await pool.close();
  await worker.terminate();
}

async function time(
  worker: Worker,
  name: string,
  objects: number,
  operation: (at: number) => Promise<void>,
): Promise<void> {
  const cpuBefore = await worker.cpuUsage();
  const startedAt = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < objects) await operation(next++);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  const durationMs = performance.now() - startedAt;
  const { user, system } = await worker.cpuUsage(cpuBefore);
  report(name, objects, objects, durationMs, { serverCpuMicros: Math.round((user + system) / objects) });
}

function report(
  name: string,
  objects: number,
  operations: number,
  durationMs: number,
  more: object = {},
): void {
  const perSecond = Math.round((operations / durationMs) * 1000);
  console.log(
    JSON.stringify({
      bench: 'embedded',
      name,
      objects,
      durationMs: Math.round(durationMs),
      perSecond,
      ...more,
    }),
  );
}

/** Ten endpoints, of which the last one depends on `version`. */
async function apply(pool: Pool, at: number, version: number): Promise<void> {
  const endpoints = Array.from({ length: 10 }, (_, index) => ({
    addresses: [`10.${at >> 8}.${at & 255}.${index === 9 ? 100 + version : index + 1}`],
    conditions: { ready: true, serving: true },
  }));
  const body = JSON.stringify({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `slice-${at}`, labels: { 'kubernetes.io/service-name': `service-${at}` } },
    addressType: 'IPv4',
    endpoints,
    ports: [{ name: 'postgres', port: 5432, protocol: 'TCP' }],
  });
  const response = await pool.request({
    method: 'PATCH',
    path: `${SLICES}/slice-${at}?fieldManager=bench`,
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body,
  });
  await response.body.dump();
  if (response.statusCode >= 300) throw new Error(`apply was answered with ${response.statusCode}`);
}

async function list(pool: Pool): Promise<number> {
  const response = await pool.request({ method: 'GET', path: SLICES });
  return (await response.body.arrayBuffer()).byteLength;
}

/** @returns milliseconds until `events` events were there. */
async function watch(pool: Pool, events: number): Promise<number> {
  const startedAt = performance.now();
  const path = `${SLICES}?watch=true&allowWatchBookmarks=true`;
  const response = await pool.request({ method: 'GET', path, bodyTimeout: 0 });
  let seen = 0;
  for await (const chunk of response.body) {
    for (const byte of chunk as Buffer) if (byte === 10) seen++;
    if (seen >= events) break;
  }
  return performance.now() - startedAt;
}

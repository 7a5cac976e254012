import { readFileSync } from 'node:fs';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { RandomRequests } from '../support/random-requests.ts';
import { Correspondence } from '../support/recordings.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** The same the embedded API server beside a real one to the embedded API server and to a real one; every answer is compared. */

const ASSETS = process.env.KUBEBUILDER_ASSETS ?? '';
const REQUESTS = 120;
const SEEDS = [1, 2, 3];

interface Side {
  readonly cluster: TestCluster;
  readonly server: string;
  readonly dispatcher: Agent;
  readonly headers: Record<string, string>;
}

let real: Side;
let embedded: Side;
const clusters: TestCluster[] = [];

beforeAll(async () => {
  if (ASSETS === '') return;
  // Controllers would write in between, at moments of their own.
  const controllers = false;
  real = sideOf(await startCluster({ controllers, environment: { KUBEBUILDER_ASSETS: ASSETS } }));
  embedded = sideOf(await startCluster({ controllers, environment: {} }));
});

afterAll(async () => {
  for (const side of [real, embedded]) await side?.dispatcher.close();
  for (const cluster of clusters) await cluster.stop();
});

function sideOf(cluster: TestCluster): Side {
  clusters.push(cluster);
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfigPath);
  const { caFile, server = '' } = config.getCurrentCluster() ?? {};
  const token = config.getCurrentUser()?.token;
  return {
    cluster,
    server,
    dispatcher: new Agent({ connect: caFile === undefined ? {} : { ca: readFileSync(caFile) } }),
    headers: {
      'user-agent': 'comparison/1',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  };
}

/** Status, warnings and body, without what depends on the moment and in an order that does not. */
async function answerOf(
  side: Side,
  method: string,
  path: string,
  contentType: string,
  body: object | undefined,
) {
  const response = await request(`${side.server}${path}`, {
    method: method as 'GET',
    dispatcher: side.dispatcher,
    headers: { ...side.headers, 'content-type': contentType },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = timeless(await response.body.json());
  return { status: response.statusCode, warnings: response.headers.warning ?? [], answer };
}

/** Go's maps give causes of several managers in any order, and seconds may pass between the two servers. */
function timeless(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => timeless(item));
    const inAnyOrder = key === 'managedFields' || key === 'causes';
    return inAnyOrder ? items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const kept = entries.filter(([name]) => !['time', 'creationTimestamp', 'deletionTimestamp'].includes(name));
  return Object.fromEntries(kept.map(([name, item]) => [name, timeless(item, name)]));
}

describe('the embedded API server beside a real one', () => {
  it.each(SEEDS)('answers the random requests of seed %i alike', async (seed) => {
    const requests = new RandomRequests(seededRandom(seed));
    const correspondence = new Correspondence();
    const namespaces = {
      real: await real.cluster.createNamespace('alike'),
      embedded: await embedded.cluster.createNamespace('alike'),
    };
    for (let at = 0; at < REQUESTS; at++) {
      const { method, path, contentType, body } = requests.next();
      const ask = (side: Side, namespace: string) =>
        answerOf(side, method, path.replace('NAMESPACE', namespace), contentType, body);
      const theirs = await ask(real, namespaces.real);
      const ours = await ask(embedded, namespaces.embedded);
      const own = JSON.parse(JSON.stringify(ours.answer).replaceAll(namespaces.embedded, namespaces.real));
      const found = correspondence.differences(theirs.answer, own);
      const label = `request ${at}: ${method} ${path} ${JSON.stringify(body)}`;
      expect({ ...theirs, found, answer: found.length > 0 && theirs.answer }, label).toEqual({
        ...ours,
        found: [],
        answer: false,
      });
    }
  });
});

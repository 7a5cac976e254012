import { NO_EVENTS } from '../../src/cluster/event-sink.ts';
import type { ObjectStore } from '../../src/cluster/object-store.ts';
import type { TargetList } from '../../src/config/target-list.ts';
import type { DecideOptions } from '../../src/decide/decide.ts';
import type { Absence, NameResolution, Resolution } from '../../src/dns/resolution.ts';
import type { NameSource, TimedResolver } from '../../src/dns/resolver.ts';
import { sourceKey } from '../../src/endpoint/candidate.ts';
import type { Prober } from '../../src/health/probe.ts';
import { familyOf } from '../../src/model/ip-address.ts';
import { NO_LOG } from '../../src/model/log.ts';
import type { StateStore } from '../../src/state/sync-state.ts';
import { NO_METRICS } from '../../src/sync/metrics.ts';
import { type OnceResult, type OnceWork, runOnce } from '../../src/sync/once.ts';
import type { Policy } from '../../src/sync/policy.ts';
import type { Clock } from '../../src/time/clock.ts';
import { ip } from './addresses.ts';
import { seededRandom } from './seeded-random.ts';

/** What the world says, besides the cluster. */
export interface ScriptedWorld {
  /** By `host NAME` or `srv NAME`: addresses (for SRV `ADDRESS:PORT`), or why there are none. */
  readonly names?: Readonly<Record<string, readonly string[] | 'NameNotFound' | 'QueryTimeout'>>;
  /** Addresses, or `ADDRESS:PORT`, that refuse connections; all others accept them. */
  readonly down?: readonly string[];
}

export interface OnePass {
  readonly list: TargetList;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly world?: ScriptedWorld;
  readonly state?: StateStore;
  readonly options?: Partial<DecideOptions>;
  readonly writes?: Policy['writes'];
  readonly signal?: AbortSignal;
}

/** One pass as `sync` makes it, on a scripted network. */
export async function onePass(request: OnePass): Promise<OnceResult & { readonly ok: true }> {
  return oneRun({ ...request, work: { list: request.list } });
}

/** One release as `release` makes it. */
export async function oneRelease(
  request: Pick<OnePass, 'store' | 'clock' | 'state' | 'signal'> & {
    readonly work: Extract<OnceWork, { services: unknown }>;
    readonly instance?: string;
    readonly waitMs: number;
  },
): Promise<OnceResult & { readonly ok: true }> {
  const { instance = 'default', waitMs } = request;
  return oneRun({ ...request, options: { instance }, waitMs });
}

async function oneRun(
  request: Omit<OnePass, 'list'> & { readonly work: OnceWork; readonly waitMs?: number },
): Promise<OnceResult & { readonly ok: true }> {
  const { store, clock, work, world = {}, options, waitMs, writes = 'whileLeading' } = request;
  let requests = 0;
  const result = await runOnce(
    {
      work,
      options: {
        instance: 'default',
        adopt: false,
        policy: 'sync',
        allowMassDelete: false,
        acceptDrain: false,
        pruneLists: [],
        ...options,
      },
      maxProbesInFlight: 64,
      resolvingTimeoutMs: 30_000,
      probingTimeoutMs: 30_000,
      writingTimeoutMs: 120_000,
      ...(waitMs === undefined ? {} : { waitTimeoutMs: waitMs }),
      writes,
    },
    {
      resolver: scriptedResolver(world, clock),
      prober: scriptedProber(world),
      clock,
      random: seededRandom(1),
      log: NO_LOG,
      metrics: NO_METRICS,
      events: NO_EVENTS,
      isLeader: () => true,
      cluster: { store, state: request.state ?? NO_STATE, requestCount: () => requests++ },
    },
    () => undefined,
    request.signal ?? new AbortController().signal,
  );
  if (!result.ok) throw new Error(`the pass failed: ${result.failure.reason}: ${result.failure.message}`);
  return result;
}

/** State that every pass finds empty: as on the first one. */
export const NO_STATE: StateStore = {
  load: async () => ({ kind: 'missing', states: new Map(), notes: [] }),
  save: async () => [],
  forget: async () => [],
};

function scriptedProber({ down = [] }: ScriptedWorld): Prober {
  const refusing = new Set(down);
  return async ({ address, port }) => {
    if (!refusing.has(address) && !refusing.has(`${address}:${port}`)) {
      return { healthy: true, reason: 'Connected', message: 'connected', latencyMs: 1 };
    }
    const message = `connect ECONNREFUSED ${address}:${port}`;
    return { healthy: false, reason: 'ConnectionRefused', message, latencyMs: 1, speaksOf: 'backend' };
  };
}

function scriptedResolver({ names = {} }: ScriptedWorld, clock: Clock): TimedResolver {
  const resolve = async (source: NameSource): Promise<NameResolution> => {
    const key = sourceKey(source as Parameters<typeof sourceKey>[0]);
    const answer = names[key];
    if (answer === undefined) throw new Error(`the world says nothing of ${key}`);
    return { IPv4: resolutionOf(answer, 'IPv4'), IPv6: resolutionOf(answer, 'IPv6') };
  };
  return {
    resolve,
    async resolveTimed(source) {
      const resolution = await resolve(source);
      const nowMs = clock.monotonicNow();
      return { resolution, answeredAtMs: { IPv4: nowMs, IPv6: nowMs }, freshUntilMs: nowMs + 60_000 };
    },
  };
}

function resolutionOf(
  answer: readonly string[] | 'NameNotFound' | 'QueryTimeout',
  family: 'IPv4' | 'IPv6',
): Resolution {
  if (answer === 'NameNotFound') return absence('nameNotFound', answer, 'the name does not exist');
  if (answer === 'QueryTimeout') return { outcome: 'unresolved', reason: answer, message: 'no answer' };
  const answers = (answer as readonly string[])
    .map((text) => {
      const [, address = text, port] =
        /^\[?(.*?)\]?(?::(\d+))?$/.exec(text.includes('.') || text.startsWith('[') ? text : `[${text}]`) ??
        [];
      return { address: ip(address), ...(port === undefined ? {} : { port: Number(port) }) };
    })
    .filter(({ address }) => familyOf(address) === family);
  if (answers.length === 0) return absence('noData', 'NoData', `the name has no ${family} address`);
  return { outcome: 'resolved', answers, ttlSeconds: 60 };
}

function absence(outcome: 'nameNotFound' | 'noData', reason: string, message: string): Absence {
  return { outcome, reason, message, ttlSeconds: 60 } as Absence;
}

import type { ObjectStore } from '../../src/cluster/object-store.ts';
import type { TargetList } from '../../src/config/target-list.ts';
import type { DecideOptions } from '../../src/decide/decide.ts';
import type { Absence, NameResolution, Resolution } from '../../src/dns/resolution.ts';
import type { Resolver } from '../../src/dns/resolver.ts';
import { sourceKey } from '../../src/endpoint/candidate.ts';
import type { Prober } from '../../src/health/probe.ts';
import { familyOf } from '../../src/model/ip-address.ts';
import { EMPTY_STATE, type StateStore } from '../../src/state/sync-state.ts';
import { type PassResult, pass } from '../../src/sync/pass/pass.ts';
import type { PassRequest } from '../../src/sync/pass/pass-request.ts';
import type { Clock } from '../../src/time/clock.ts';
import { addressOf } from './checks.ts';
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
  readonly mode?: PassRequest['mode'];
  readonly signal?: AbortSignal;
}

/** One pass as `sync` makes it, on a scripted network. */
export async function onePass(request: OnePass): Promise<PassResult & { readonly ok: true }> {
  const { list, store, clock, world = {}, options, mode = 'write' } = request;
  let requests = 0;
  const result = await pass(
    {
      targets: list.targets,
      guards: list.guards,
      options: {
        instance: 'default',
        adopt: false,
        policy: 'sync',
        allowMassDelete: false,
        acceptDrain: false,
        ...options,
      },
      limits: {
        maxProbesInFlight: 64,
        resolvingTimeoutMs: 30_000,
        probingTimeoutMs: 30_000,
        writingTimeoutMs: 120_000,
      },
      mode,
    },
    {
      store,
      state: request.state ?? NO_STATE,
      resolver: scriptedResolver(world),
      prober: scriptedProber(world),
      clock,
      random: seededRandom(1),
      requestCount: () => requests++,
    },
    () => undefined,
    request.signal ?? new AbortController().signal,
  );
  if (!result.ok) throw new Error(`the pass failed: ${result.failure.reason}: ${result.failure.message}`);
  return result;
}

/** State that every pass finds empty: as on the first one. */
export const NO_STATE: StateStore = {
  load: async () => ({ kind: 'missing', state: EMPTY_STATE, notes: [] }),
  save: async () => [],
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

function scriptedResolver({ names = {} }: ScriptedWorld): Resolver {
  return {
    async resolve(source): Promise<NameResolution> {
      const key = sourceKey(source as Parameters<typeof sourceKey>[0]);
      const answer = names[key];
      if (answer === undefined) throw new Error(`the world says nothing of ${key}`);
      return { IPv4: resolutionOf(answer, 'IPv4'), IPv6: resolutionOf(answer, 'IPv6') };
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
      return { address: addressOf(address), ...(port === undefined ? {} : { port: Number(port) }) };
    })
    .filter(({ address }) => familyOf(address) === family);
  if (answers.length === 0) return absence('noData', 'NoData', `the name has no ${family} address`);
  return { outcome: 'resolved', answers, ttlSeconds: 60 };
}

function absence(outcome: 'nameNotFound' | 'noData', reason: string, message: string): Absence {
  return { outcome, reason, message, ttlSeconds: 60 } as Absence;
}

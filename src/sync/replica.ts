import { LeaderElection } from '../cluster/leader-election.ts';
import { ownershipLabels } from '../manifest/labels.ts';
import type { Log } from '../model/log.ts';
import { LinkedController } from '../time/linked-controller.ts';
import { runTogether, type Task } from '../time/run-together.ts';
import type { ClusterAccess, WorkerContext, WorkerSettings } from './worker-context.ts';

/** One of several processes that do the same work; one of them at a time writes. */
export interface Replica {
  isLeader(): boolean;
  /** The lists of the leader where they are not those of this process, which waits for nothing then. */
  otherLists(): readonly string[] | undefined;
  /** This process has other lists than before. */
  noteLists(): void;
  /** Runs the tasks while standing for election, and gives the lease back when they have ended. */
  run(tasks: readonly Task[], signal: AbortSignal): Promise<void>;
}

type ReplicaSettings = Pick<WorkerSettings, 'options' | 'leaderElect' | 'timings'>;

export interface ReplicaHooks {
  /** Called when leadership comes or goes. */
  readonly onLeadership: () => void;
  /** The lists of this process, once it has read them. */
  readonly lists: () => readonly string[] | undefined;
}

export function replicaOf(
  cluster: ClusterAccess,
  settings: ReplicaSettings,
  log: Log,
  context: WorkerContext,
  hooks: ReplicaHooks,
): Replica {
  if (settings.leaderElect) return new ElectedReplica(cluster, settings, log, context, hooks);
  return {
    isLeader: () => true,
    otherLists: () => undefined,
    noteLists: () => undefined,
    run: runTogether,
  };
}

/** Logs why the worker stops: the seconds until `Stopped` are for the writes that are under way. */
export function logStopping(log: Log, signal: AbortSignal): void {
  const report = () => {
    const { message } = signal.reason as Error;
    log.info('Stopping', `${message}; it ends once the writes under way are finished`);
  };
  signal.addEventListener('abort', report, { once: true });
}

class ElectedReplica implements Replica {
  readonly #election: LeaderElection;
  readonly #identity: string;
  readonly #log: Log;
  readonly #hooks: ReplicaHooks;
  /** The leader's lists when they were last reported as others. */
  #reported = '';

  constructor(
    cluster: ClusterAccess,
    { options: { instance }, timings }: ReplicaSettings,
    log: Log,
    { clock, random, identity, signal }: WorkerContext,
    hooks: ReplicaHooks,
  ) {
    this.#identity = identity;
    this.#log = log;
    this.#hooks = hooks;
    this.#election = new LeaderElection(
      { store: cluster.store, clock, random },
      {
        lease: { namespace: cluster.stateNamespace, name: `external-endpoints-${instance}` },
        labels: ownershipLabels(instance),
        identity,
        timings,
        lists: hooks.lists,
        onChange(leading) {
          if (leading) log.info('Leading', 'this replica leads now', { identity });
          else if (!signal.aborted) {
            const message = 'this replica no longer leads; it goes on resolving and checking';
            log.info('StandingBy', message, { identity });
          }
          hooks.onLeadership();
        },
        onNewLeader(holder) {
          const message = `${holder} leads; this replica resolves and checks, and leads when that one gives the lease back or lets it expire`;
          log.info('StandingBy', message, { identity });
        },
        onLease: () => this.noteLists(),
        onTrouble: ({ reason, message }) => log.warn(reason, `leader election: ${message}`),
      },
    );
  }

  isLeader(): boolean {
    return this.#election.isLeader();
  }

  otherLists(): readonly string[] | undefined {
    const { holder, holderLists } = this.#election;
    const own = this.#hooks.lists();
    if (holder === undefined || holder === this.#identity || own === undefined) return undefined;
    return textOf(holderLists ?? own) === textOf(own) ? undefined : holderLists;
  }

  noteLists(): void {
    const others = this.otherLists();
    const text = others === undefined ? '' : textOf(others);
    if (text === this.#reported) return;
    this.#reported = text;
    if (others === undefined) return;
    const own = (this.#hooks.lists() ?? []).join(', ');
    this.#log.warn(
      'ListsDiffer',
      `${this.#election.holder} leads with other lists (${others.join(', ')}) than those of this replica (${own}), so nobody publishes these; give one of the two workers another --instance, or both the same lists`,
    );
  }

  /** The lease is given back last: until then the writes under way are this replica's to finish. */
  async run(tasks: readonly Task[], signal: AbortSignal): Promise<void> {
    const worked = new AbortController();
    const work = async (until: AbortSignal) => {
      using either = new LinkedController(signal, until);
      try {
        await runTogether(tasks, either.signal);
      } finally {
        worked.abort(new Error('the work is done'));
      }
    };
    const stand = async (until: AbortSignal) => {
      using either = new LinkedController(until, worked.signal);
      await this.#election.run(either.signal);
    };
    await runTogether([work, stand], NEVER);
  }
}

/** What `/api/status` has of the lists. */
export function listsIn(
  replica: Replica,
  lists: readonly string[] | undefined,
): { readonly lists?: readonly string[]; readonly listsOfLeader?: readonly string[] } {
  const listsOfLeader = replica.otherLists();
  return {
    ...(lists === undefined ? {} : { lists }),
    ...(listsOfLeader === undefined ? {} : { listsOfLeader }),
  };
}

function textOf(lists: readonly string[]): string {
  return JSON.stringify(lists.toSorted());
}

const NEVER = new AbortController().signal;

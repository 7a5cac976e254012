import { LeaderElection } from '../cluster/leader-election.ts';
import { ownershipLabels } from '../manifest/labels.ts';
import type { Log } from '../model/log.ts';
import { LinkedController } from '../time/linked-controller.ts';
import { runTogether, type Task } from '../time/run-together.ts';
import type { ClusterAccess, WorkerContext, WorkerSettings } from './worker-context.ts';

/** One of several processes that do the same work; one of them at a time writes. */
export interface Replica {
  isLeader(): boolean;
  /** Runs the tasks while standing for election, and gives the lease back when they have ended. */
  run(tasks: readonly Task[], signal: AbortSignal): Promise<void>;
}

type ReplicaSettings = Pick<WorkerSettings, 'options' | 'leaderElect' | 'timings'>;

/** @param onChange called when leadership comes or goes. */
export function replicaOf(
  cluster: ClusterAccess,
  { options, leaderElect, timings }: ReplicaSettings,
  log: Log,
  context: WorkerContext,
  onChange: () => void,
): Replica {
  if (!leaderElect) return { isLeader: () => true, run: runTogether };
  const election = electionOn(cluster, { options, timings, leaderElect }, log, context, onChange);
  return {
    isLeader: () => election.isLeader(),
    run: (tasks, signal) => withElection(election, tasks, signal),
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

function electionOn(
  cluster: ClusterAccess,
  { options, timings }: ReplicaSettings,
  log: Log,
  { clock, random, identity, signal }: WorkerContext,
  onLeadership: () => void,
): LeaderElection {
  return new LeaderElection(
    { store: cluster.store, clock, random },
    {
      lease: { namespace: cluster.stateNamespace, name: `external-endpoints-${options.instance}` },
      labels: ownershipLabels(options.instance),
      identity,
      timings,
      onChange(leading) {
        if (leading) log.info('Leading', 'this replica leads now', { identity });
        else if (!signal.aborted) {
          const message = 'this replica no longer leads; it goes on resolving and checking';
          log.info('StandingBy', message, { identity });
        }
        onLeadership();
      },
      onNewLeader(holder) {
        const message = `${holder} leads; this replica resolves and checks, and leads when that one gives the lease back or lets it expire`;
        log.info('StandingBy', message, { identity });
      },
      onTrouble: ({ reason, message }) => log.warn(reason, `leader election: ${message}`),
    },
  );
}

/** The lease is given back last: until then the writes under way are this replica's to finish. */
async function withElection(
  election: LeaderElection,
  tasks: readonly Task[],
  signal: AbortSignal,
): Promise<void> {
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
    await election.run(either.signal);
  };
  await runTogether([work, stand], NEVER);
}

const NEVER = new AbortController().signal;

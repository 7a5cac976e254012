import type { Change } from '../../../src/embedded/apiserver/store.ts';
import type { Cluster, Writer } from '../world/cluster.ts';
import type { SimProcess } from '../world/sim-process.ts';
import type { WorkerRecord } from '../world/worker-record.ts';
import type { Circumstances } from './lost-route.ts';
import type { ReferenceHealth } from './reference-health.ts';
import type { Traffic } from './traffic.ts';

/** What the checkers need to know of the world around a change. */
export interface CheckContext {
  readonly cluster: Cluster;
  circumstances(): Circumstances;
  workerOf(process: SimProcess): WorkerRecord | undefined;
}

/** Reports a breach of an invariant. */
export type Report = (invariant: number, message: string) => void;

/** A change of something that belongs to a Service, and what it did to the traffic. */
export interface Step {
  readonly change: Change;
  readonly key: string;
  readonly writer: Writer;
  /** The worker that caused it, directly or through a controller. */
  readonly worker: WorkerRecord | undefined;
  readonly before: Traffic;
  readonly after: Traffic;
}

export function sentMsBehind(writer: Writer): number {
  if (writer.kind === 'worker') return writer.sentMs;
  return writer.kind === 'controller' && writer.because !== undefined
    ? sentMsBehind(writer.because)
    : Number.POSITIVE_INFINITY;
}

export function knowledgeBehind(writer: Writer): ReferenceHealth | undefined {
  if (writer.kind === 'worker') return writer.knew;
  return writer.kind === 'controller' && writer.because !== undefined
    ? knowledgeBehind(writer.because)
    : undefined;
}

/** A controller acts for the worker whose write it follows; a person acts alone. */
export function workerBehind(writer: Writer, context: CheckContext): WorkerRecord | undefined {
  if (writer.kind === 'worker') return context.workerOf(writer.process);
  return writer.kind === 'controller' && writer.because !== undefined
    ? workerBehind(writer.because, context)
    : undefined;
}

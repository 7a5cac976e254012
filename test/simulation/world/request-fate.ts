import type { KubeAnswer, KubeRequest } from '../../../src/io/kube-retry.ts';
import type { ReferenceHealth } from '../checks/reference-health.ts';
import type { ApiFault } from './api-faults.ts';
import type { Arrivals } from './watch-arrivals.ts';

/** When a worker is killed around one of its writes. */
export type DeathAt = 'beforeWrite' | 'duringWrite' | 'afterWrite';

/** The faults of one process's requests, and listeners for them. */
export interface RequestFate {
  latencyMs(): number;
  /** The API server for a watch that is opened now. */
  replica(): number;
  fault(request: KubeRequest): ApiFault | undefined;
  death(request: KubeRequest): DeathAt | undefined;
  /** Called for each request that leaves the process. */
  onSend(request: KubeRequest): void;
  /** The health that the process knows now, for the checkers. */
  knowledge(): ReferenceHealth;
  /** Called with +1 and -1 when a request begins and ends. */
  onRequest(change: 1 | -1): void;
  /** Called for each watch that opens. */
  onWatch(arrivals: Arrivals): void;
  /** Called for each answer that reaches the process. */
  onAnswer(request: KubeRequest, answer: KubeAnswer): void;
}

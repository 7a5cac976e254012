import type { KubeAnswer, KubeRequest } from '../../../src/io/kube-retry.ts';
import type { ReferenceHealth } from '../checks/reference-health.ts';
import type { ApiFault } from './api-faults.ts';
import type { Arrivals } from './watch-arrivals.ts';

/** When a worker dies around one of its writes. */
export type DeathAt = 'beforeWrite' | 'duringWrite' | 'afterWrite';

/** What the world does to the requests of one process. */
export interface RequestFate {
  latencyMs(): number;
  /** Which of the API servers serves a watch that is opened now. */
  replica(): number;
  fault(request: KubeRequest): ApiFault | undefined;
  death(request: KubeRequest): DeathAt | undefined;
  /** Told of each request as it leaves the process. */
  onSend(request: KubeRequest): void;
  /** What the process knows now, for whoever judges what it sends. */
  knowledge(): ReferenceHealth;
  /** Told +1 and -1 as requests begin and end. */
  onRequest(change: 1 | -1): void;
  /** Told of each watch that opens. */
  onWatch(arrivals: Arrivals): void;
  /** Told of each answer that reaches the process. */
  onAnswer(request: KubeRequest, answer: KubeAnswer): void;
}

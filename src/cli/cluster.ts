import type { ObjectStore } from '../cluster/object-store.ts';
import type { StateStore } from '../state/sync-state.ts';

export interface ClusterChoice {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly instance: string;
  readonly stateNamespace: string | undefined;
}

export type ConnectResult =
  | { readonly ok: true; readonly cluster: Cluster }
  | { readonly ok: false; readonly message: string };

export interface Cluster {
  /** As a person knows it: the context and the server's address. */
  readonly name: string;
  readonly store: ObjectStore;
  readonly state: StateStore;
  /** Where state and Lease are kept. */
  readonly stateNamespace: string;
  requestCount(): number;
  /** Tells of every answer of the API server from now on. */
  onAnswer(handler: (method: string, httpStatus: number) => void): void;
  close(): Promise<void>;
}

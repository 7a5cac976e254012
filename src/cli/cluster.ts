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
  /** For messages: the kubeconfig context and the server's address. */
  readonly name: string;
  readonly store: ObjectStore;
  readonly state: StateStore;
  /** Namespace of the state ConfigMap and the Lease. */
  readonly stateNamespace: string;
  requestCount(): number;
  /** Calls `handler` for every response of the API server from now on. */
  onAnswer(handler: (method: string, httpStatus: number) => void): void;
  close(): Promise<void>;
}

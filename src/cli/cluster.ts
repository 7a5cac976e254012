import type { ClusterAccess } from '../sync/worker-context.ts';

export interface ClusterChoice {
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly instance: string;
  readonly stateNamespace: string | undefined;
}

export type ConnectResult =
  | { readonly ok: true; readonly cluster: Cluster }
  | { readonly ok: false; readonly message: string };

export interface Cluster extends ClusterAccess {
  close(): Promise<void>;
}

import type { TimedResolver } from '../dns/resolver.ts';
import type { Prober } from '../health/probe.ts';
import type { Cluster } from './cluster.ts';

/** A cluster, a DNS zone and some backends, all on this machine's loopback and all for real. */
export interface DemoWorld {
  readonly cluster: Cluster;
  /** The target list that the demo publishes. */
  readonly listText: string;
  /** Which listener stands behind which documentation address. */
  readonly addresses: readonly { readonly documented: string; readonly listener: string }[];
  readonly prober: Prober;
  /** A resolver that remembers nothing, as a new process would not. */
  newResolver(): TimedResolver;
  stopBackend(documented: string): Promise<void>;
  startBackend(documented: string): Promise<void>;
  /** Points a name of the zone at one address. */
  moveRecord(name: string, documented: string): void;
  /** Writes a kubeconfig for the embedded API server and returns its path; it goes when the world closes. */
  writeKubeconfig(): Promise<string>;
  close(): Promise<void>;
}

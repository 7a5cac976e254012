import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, KubeConfig } from '@kubernetes/client-node';
import { proxyFor } from './proxy-environment.ts';

/** Which cluster to use, in kubectl's words. */
export interface ClusterChoice {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export type LoadedKubeConfig =
  | {
      readonly ok: true;
      /** Reads the same context again with its current credentials. Throws if that fails. */
      readonly load: () => KubeConfig;
      /** The namespace of the context, otherwise of the Pod, otherwise `default`. */
      readonly namespace: string;
      readonly describe: string;
    }
  | { readonly ok: false; readonly message: string };

/**
 * Looks for --kubeconfig, then $KUBECONFIG, then ~/.kube/config, then the Pod's service account, in kubectl's order.
 */
export function loadKubeConfig(choice: ClusterChoice): LoadedKubeConfig {
  const place = placeOf(choice);
  if (place === undefined) {
    return {
      ok: false,
      message: 'no cluster is configured: pass --kubeconfig, set KUBECONFIG, or run inside a Pod',
    };
  }
  const first = read(choice, place);
  if (!first.ok) return first;
  const { config } = first;
  const context = config.getCurrentContext();
  return {
    ok: true,
    load: () => {
      const again = read({ ...choice, context }, place);
      if (!again.ok) throw new Error(again.message);
      return again.config;
    },
    namespace: config.getContextObject(context)?.namespace ?? 'default',
    describe: `${context} at ${config.getCurrentCluster()?.server}`,
  };
}

interface Place {
  readonly kind: 'file' | 'pod';
  readonly text: string;
}

type Reading =
  | { readonly ok: true; readonly config: KubeConfig }
  | { readonly ok: false; readonly message: string };

function read(choice: ClusterChoice, place: Place): Reading {
  const config = new KubeConfig();
  try {
    if (place.kind === 'pod') config.loadFromCluster();
    else if (choice.kubeconfig !== undefined) config.loadFromFile(choice.kubeconfig);
    else config.loadFromDefault();
  } catch (error) {
    // The YAML parser shows the lines around the error; the first line is enough.
    const [what] = (error as Error).message.split('\n');
    return { ok: false, message: `${place.text} cannot be read: ${what}` };
  }
  const selected = selectContext(config, choice.context, place.text);
  return selected.ok ? withProxy(selected.config, choice.environment) : selected;
}

/** The kubeconfig's proxy counts, otherwise the environment's, as for kubectl. */
function withProxy(config: KubeConfig, environment: ClusterChoice['environment']): Reading {
  const cluster = config.getCurrentCluster();
  if (cluster === null || cluster.proxyUrl) return { ok: true, config };
  let proxyUrl: string | undefined;
  try {
    proxyUrl = proxyFor(cluster.server, environment);
  } catch (error) {
    return { ok: false, message: (error as Error).message };
  }
  if (proxyUrl === undefined) return { ok: true, config };
  const proxied = new KubeConfig();
  proxied.loadFromOptions({
    clusters: config.getClusters().map((each) => (each === cluster ? { ...each, proxyUrl } : each)),
    contexts: config.getContexts(),
    users: config.getUsers(),
    currentContext: config.getCurrentContext(),
  });
  return { ok: true, config: proxied };
}

function placeOf({ kubeconfig, environment }: ClusterChoice): Place | undefined {
  if (kubeconfig !== undefined) return { kind: 'file', text: `kubeconfig ${kubeconfig}` };
  if (environment.KUBECONFIG) return { kind: 'file', text: `kubeconfig ${environment.KUBECONFIG}` };
  const inHome = join(environment.HOME ?? '/', '.kube', 'config');
  if (existsSync(inHome)) return { kind: 'file', text: `kubeconfig ${inHome}` };
  if (environment.KUBERNETES_SERVICE_HOST) return { kind: 'pod', text: "the Pod's service account" };
  return undefined;
}

function selectContext(config: KubeConfig, context: string | undefined, place: string): Reading {
  if (context !== undefined) {
    if (config.getContextObject(context) === null) {
      const known = config.getContexts().map(({ name }) => name);
      return {
        ok: false,
        message: `${place} has no context "${context}"; it has: ${known.join(', ') || 'none'}`,
      };
    }
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    // client-node's type is wrong for a file without one.
    const current: string | undefined = config.getCurrentContext();
    const message = current
      ? `${place}: its current context "${current}" names no cluster`
      : `${place} has no current context; pass --context`;
    return { ok: false, message };
  }
  const problem = problemOf(cluster);
  return problem === undefined ? { ok: true, config } : { ok: false, message: `${place}: ${problem}` };
}

function problemOf({ name, server, skipTLSVerify }: Cluster): string | undefined {
  const url = URL.parse(server ?? '');
  if (url === null || !/^https?:$/.test(url.protocol))
    return `cluster "${name}" has no usable server address`;
  if (url.protocol === 'https:' || skipTLSVerify || isPlainLoopback(server)) return undefined;
  return `cluster "${name}" is at ${server}: plain HTTP would show the credentials to everyone on the network; use https`;
}

/** A listener on this machine (`kubectl proxy`, the embedded server): requests never leave the machine. */
export function isPlainLoopback(server: string): boolean {
  return /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/.test(server);
}

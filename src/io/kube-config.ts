import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, KubeConfig } from '@kubernetes/client-node';
import { proxyFor } from './proxy-environment.ts';

/** Which cluster to talk to, in kubectl's words. */
export interface ClusterChoice {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export type LoadedKubeConfig =
  | {
      readonly ok: true;
      /** Reads the same context again, with credentials as they are by then. Throws when that cannot be done. */
      readonly load: () => KubeConfig;
      /** The context's, else the Pod's, else `default`. */
      readonly namespace: string;
      readonly describe: string;
    }
  | { readonly ok: false; readonly message: string };

/** Finds --kubeconfig, else $KUBECONFIG, else ~/.kube/config, else the Pod's service account: kubectl's order. */
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
    // A YAML parser shows the lines around the place; the first line says it.
    const [what] = (error as Error).message.split('\n');
    return { ok: false, message: `${place.text} cannot be read: ${what}` };
  }
  const selected = selectContext(config, choice.context, place.text);
  return selected.ok ? withProxy(selected.config, choice.environment) : selected;
}

/** What the kubeconfig says of a proxy counts, else what the environment says, as for kubectl. */
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
    // client-node's type is not true of a file that has none.
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
  return `cluster "${name}" is at ${server}: over plain HTTP everybody on the way would see the credentials; use https`;
}

/** A listener on this machine (`kubectl proxy`, the embedded server): what is said to it never leaves it. */
export function isPlainLoopback(server: string): boolean {
  return /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:|\/|$)/.test(server);
}

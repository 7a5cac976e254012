import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { TestAuthority } from './certificates.ts';
import { freePort, run } from './real-peer.ts';

const READY_WITHIN_MS = 60_000;
/** A process that does not end by itself is killed after this. */
const STOP_WITHIN_MS = 20_000;

/** The controllers that handle slices and Endpoints, and those that clean up after the tests. */
const CONTROLLERS = [
  'endpointslice-mirroring-controller',
  'endpoints-controller',
  'endpointslice-controller',
  'garbage-collector-controller',
  'namespace-controller',
];

export interface ControlPlaneOptions {
  /** False: without kube-controller-manager, even if the folder has it. */
  readonly controllers: boolean;
  /** Ranges of the cluster's Services, one for each family; the first is the default family. */
  readonly serviceCidrs: readonly string[];
}

/**
 * A real control plane in a temporary directory: etcd, kube-apiserver and, if the folder has it,
 * kube-controller-manager, from the folder that `KUBEBUILDER_ASSETS` names (the convention of envtest).
 */
export class ControlPlane {
  readonly kubeconfigPath: string;
  readonly hasControllers: boolean;
  readonly #directory: string;
  readonly #assets: string;
  readonly #token = randomBytes(16).toString('hex');
  readonly #authority: TestAuthority;
  /** In the order in which they were started. */
  readonly #processes: ManagedProcess[] = [];
  #startServerAgain: (() => Promise<ManagedProcess>) | undefined;
  #server: ManagedProcess | undefined;

  readonly #serviceCidrs: readonly string[];

  private constructor(assets: string, { controllers, serviceCidrs }: ControlPlaneOptions) {
    this.#assets = assets;
    this.#serviceCidrs = serviceCidrs;
    this.#directory = mkdtempSync(join(tmpdir(), 'external-endpoints-envtest-'));
    this.kubeconfigPath = join(this.#directory, 'kubeconfig');
    this.hasControllers = controllers && existsSync(join(assets, 'kube-controller-manager'));
    this.#authority = new TestAuthority(this.#directory);
  }

  static async start(assets: string, options: ControlPlaneOptions): Promise<ControlPlane> {
    const plane = new ControlPlane(assets, options);
    try {
      await plane.#start();
      return plane;
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const etcd = await this.#startEtcd();
    const server = await this.#startApiServer(etcd);
    writeFileSync(this.kubeconfigPath, this.#kubeconfig(server), { mode: 0o600 });
    if (this.hasControllers) await this.#startControllerManager();
  }

  async #startEtcd(): Promise<string> {
    const [client, peer] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`);
    const url = client ?? '';
    const process = this.#spawn('etcd', [
      `--data-dir=${join(this.#directory, 'etcd')}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ]);
    await process.until('etcd answers', async () => (await fetch(`${url}/health`)).ok);
    return url;
  }

  async #startApiServer(etcd: string): Promise<string> {
    const port = await freePort();
    const { certFile, keyFile } = this.#authority.issue('apiserver', 'IP:127.0.0.1,DNS:localhost', 30);
    const tokens = this.#file('tokens.csv', `${this.#token},admin,admin,system:masters\n`);
    const accounts = join(this.#directory, 'service-accounts.key');
    run('openssl', 'genrsa', '-out', accounts, '2048');
    const args = [
      `--etcd-servers=${etcd}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${this.#directory}`,
      `--tls-cert-file=${certFile}`,
      `--tls-private-key-file=${keyFile}`,
      `--token-auth-file=${tokens}`,
      '--authorization-mode=RBAC',
      `--service-cluster-ip-range=${this.#serviceCidrs.join(',')}`,
      `--service-account-key-file=${accounts}`,
      `--service-account-signing-key-file=${accounts}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      '--endpoint-reconciler-type=none',
      '--disable-admission-plugins=ServiceAccount',
    ];
    const url = `https://127.0.0.1:${port}`;
    this.#startServerAgain = async () => {
      const process = this.#spawn('kube-apiserver', args);
      await process.until('kube-apiserver is ready', () => this.#answers(`${url}/readyz`));
      await process.until('the default namespace is there', () =>
        this.#answers(`${url}/api/v1/namespaces/default`),
      );
      return process;
    };
    this.#server = await this.#startServerAgain();
    return url;
  }

  /** Stops kube-apiserver. The result starts it again on the same etcd and at the same address. */
  async interrupt(): Promise<() => Promise<void>> {
    await this.#server?.stop();
    return async () => {
      this.#server = await this.#startServerAgain?.();
    };
  }

  async #startControllerManager(): Promise<void> {
    const port = await freePort();
    const process = this.#spawn('kube-controller-manager', [
      `--kubeconfig=${this.kubeconfigPath}`,
      `--controllers=${CONTROLLERS.join(',')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${join(this.#directory, 'controllers')}`,
      `--service-account-private-key-file=${join(this.#directory, 'service-accounts.key')}`,
    ]);
    const url = `https://127.0.0.1:${port}/healthz`;
    await process.until('kube-controller-manager is well', () => this.#answers(url, false));
  }

  #spawn(program: string, args: readonly string[]): ManagedProcess {
    const started = new ManagedProcess(join(this.#assets, program), args, this.#file(`${program}.log`, ''));
    this.#processes.push(started);
    return started;
  }

  #file(name: string, content: string): string {
    const path = join(this.#directory, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  #kubeconfig(server: string): string {
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'envtest', cluster: { server, 'certificate-authority': this.#authority.caFile } }],
      users: [{ name: 'envtest', user: { token: this.#token } }],
      contexts: [{ name: 'envtest', context: { cluster: 'envtest', user: 'envtest' } }],
      'current-context': 'envtest',
    });
  }

  /** Whether a GET is answered with 200. The controller manager signs its own certificate. */
  #answers(url: string, verified = true): Promise<boolean> {
    const headers = { authorization: `Bearer ${this.#token}` };
    const trust = verified ? { ca: readFileSync(this.#authority.caFile) } : { rejectUnauthorized: false };
    return new Promise((resolve) => {
      request(url, { ...trust, headers, timeout: 5_000 }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      })
        .once('error', () => resolve(false))
        .end();
    });
  }

  /** Stops the API server before etcd: without etcd it would hang while it stops. */
  async stop(): Promise<void> {
    for (const process of this.#processes.splice(0).reverse()) await process.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/**
 * Runs a program as long as this process lives. A shell beside it waits for the end of its input, which comes when this
 * process closes it, or is killed.
 */
const WITH_WATCHMAN = `
exec 3<&0
"$@" </dev/null & program=$!
(cat <&3; kill "$program") >/dev/null 2>&1 &
wait "$program"
`;

/** A child process with its log. It never outlives the tests. */
class ManagedProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #logPath: string;
  readonly #ended: Promise<void>;

  constructor(program: string, args: readonly string[], logPath: string) {
    this.#logPath = logPath;
    this.#child = spawn('/bin/sh', ['-c', WITH_WATCHMAN, 'sh', program, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const log = createWriteStream(logPath);
    this.#child.stdout.pipe(log, { end: false });
    this.#child.stderr.pipe(log, { end: false });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', () => log.end(resolve)).once('error', () => log.end(resolve));
    });
  }

  get #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }

  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + READY_WITHIN_MS;
    for (;;) {
      if (this.#isOver || performance.now() > deadline) {
        const tail = readFileSync(this.#logPath, 'utf8').split('\n').slice(-10).join('\n');
        throw new Error(`timed out: waiting until ${what}; the log ends with:\n${tail}`);
      }
      if (await condition().catch(() => false)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    const { pid } = this.#child;
    // The whole group: the end of the shell does not end the program.
    const kill = setTimeout(() => pid !== undefined && process.kill(-pid, 'SIGKILL'), STOP_WITHIN_MS);
    this.#child.stdin.end();
    await this.#ended;
    clearTimeout(kill);
  }
}

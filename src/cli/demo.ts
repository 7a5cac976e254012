import type { Command } from 'commander';
import { parseTargetList, type TargetList } from '../config/target-list.ts';
import type { EndpointSliceObject } from '../manifest/kube-object.ts';
import { SERVICE_NAME_LABEL } from '../manifest/labels.ts';
import { RunTime } from '../sync/run-time.ts';
import type { SyncReport } from '../sync/sync-report.ts';
import { runPass } from './cluster-pass.ts';
import type { CliContext, DemoWorld } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { withExamples } from './options.ts';
import { reportText } from './rendering/report-text.ts';
import { textTable } from './rendering/table.ts';
import { type Colors, colorsFor } from './rendering/terminal.ts';

interface DemoFlags {
  readonly stay?: true;
}

export function describeDemo(command: Command): Command {
  const described = command
    .summary('show the main features on an embedded API server, DNS server and backends')
    .description(
      'Publish three targets, stop a backend and move a DNS record, and show the EndpointSlices after each step. It needs no cluster and ends within a minute.',
    )
    .option('--stay', 'keep the servers running at the end, and print a kubeconfig for kubectl');
  return withExamples(described, 'external-endpoints demo', 'external-endpoints demo --stay');
}

export async function runDemo(flags: DemoFlags, context: CliContext): Promise<ExitCode> {
  const world = await context.startDemoWorld();
  const { out } = context.terminal;
  try {
    const stage = new Stage(world, context);
    stage.introduce();
    for (const scene of SCENES) if (!(await stage.play(scene))) return EXIT.someTargetsFailed;
    out.write(NEXT_STEPS);
    if (flags.stay) await stay(world, context);
    return EXIT.done;
  } finally {
    await world.close();
  }
}

/** One change of the demo's servers, one pass, and the expected contents of the cluster. */
interface Scene {
  readonly title: string;
  readonly change: (world: DemoWorld) => Promise<void> | void;
  /** Ready addresses by Service, as the EndpointSlices in the cluster list them. */
  readonly expected: Readonly<Record<string, readonly string[]>>;
  readonly writes: 'some' | 'none';
}

const ALL_READY = {
  'orders-db': ['192.0.2.10', '192.0.2.11', '192.0.2.12'],
  ldap: ['192.0.2.20'],
  mainframe: ['192.0.2.30'],
};

const SCENES: readonly Scene[] = [
  {
    title: 'A first pass: three targets become Services',
    change: () => undefined,
    expected: ALL_READY,
    writes: 'some',
  },
  {
    title: 'A second pass: nothing changed, so nothing is written',
    change: () => undefined,
    expected: ALL_READY,
    writes: 'none',
  },
  {
    title: 'The database host 192.0.2.11 dies',
    change: (world) => world.stopBackend('192.0.2.11'),
    expected: { ...ALL_READY, 'orders-db': ['192.0.2.10', '192.0.2.12'] },
    writes: 'some',
  },
  {
    title: 'DNS moves ldap.corp.example from 192.0.2.20 to 192.0.2.21',
    change: (world) => world.moveRecord('ldap.corp.example', '192.0.2.21'),
    expected: { ...ALL_READY, 'orders-db': ['192.0.2.10', '192.0.2.12'], ldap: ['192.0.2.21'] },
    writes: 'some',
  },
  {
    title: '192.0.2.11 comes back',
    change: (world) => world.startBackend('192.0.2.11'),
    expected: { ...ALL_READY, ldap: ['192.0.2.21'] },
    writes: 'some',
  },
];

const NEXT_STEPS = `
Next steps (in a checkout: npx external-endpoints ...):
  external-endpoints demo --stay                     the same, then keep running for kubectl
  external-endpoints check --config targets.yaml     check your own list from here, without a cluster
  external-endpoints plan --config targets.yaml      show what would change in your cluster; write nothing
  external-endpoints sync --config targets.yaml      change it
config/example.yaml shows every field of a list.
`;

class Stage {
  readonly #world: DemoWorld;
  readonly #context: CliContext;
  readonly #list: TargetList;
  readonly #colors: Colors;

  constructor(world: DemoWorld, context: CliContext) {
    this.#world = world;
    this.#context = context;
    this.#colors = colorsFor(context.terminal.out);
    const parsed = parseTargetList(world.listText, 'demo.yaml');
    if (!parsed.ok) throw new Error(`the demo's own list has errors: ${JSON.stringify(parsed.problems)}`);
    this.#list = parsed.list;
  }

  introduce() {
    const { out } = this.#context.terminal;
    out.write(`${this.#colors.bold('The target list')}\n\n${this.#world.listText}\n`);
    out.write(
      'An API server refuses loopback addresses as endpoints. So the list uses documentation addresses\n' +
        '(192.0.2.0/24), and the demo maps connections to them to listeners on 127.0.0.1:\n\n',
    );
    const rows = this.#world.addresses.map(({ documented, listener }) => [documented, listener]);
    out.write(`${textTable(['ADDRESS', 'LISTENER'], rows)}\n\n`);
    out.write(
      'The API server (embedded, in memory, not for production), the DNS server and the backends are real\n' +
        'servers on this machine; all traffic between them goes through sockets.\n',
    );
  }

  /** Returns false when the cluster differs from the scene's expectation. */
  async play(scene: Scene): Promise<boolean> {
    const { out, err } = this.#context.terminal;
    out.write(`\n${this.#colors.bold(`▶ ${scene.title}`)}\n\n`);
    await scene.change(this.#world);
    const report = await this.#pass();
    if (report === undefined) return false;
    out.write(reportText(report, 'done', out));
    const slices = await this.#slices();
    if (slices === undefined) return false;
    out.write(`\n${slicesTable(slices)}\n`);
    const problem = problemOf(scene, report, slices);
    if (problem !== undefined) err.write(`${this.#colors.red('the demo failed')}: ${problem}\n`);
    return problem === undefined;
  }

  async #pass(): Promise<SyncReport | undefined> {
    const flags = { instance: 'demo', policy: 'sync', timeout: 20_000 } as const;
    const world = this.#world;
    const context = { ...this.#context, prober: world.prober, resolver: world.newResolver() };
    const order = {
      flags,
      writes: 'whileLeading',
      time: new RunTime(flags.timeout, context.clock),
    } as const;
    const result = await runPass(this.#list, order, world.cluster, context);
    if (result.ok) return result.report;
    this.#context.terminal.err.write(`${result.failure.reason}: ${result.failure.message}\n`);
    return undefined;
  }

  async #slices(): Promise<EndpointSliceObject[] | undefined> {
    const result = await this.#world.cluster.store.list('EndpointSlice', {}, this.#context.signal);
    if (result.ok) return result.value.items as EndpointSliceObject[];
    this.#context.terminal.err.write(`${result.failure.reason}: ${result.failure.message}\n`);
    return undefined;
  }
}

function slicesTable(slices: readonly EndpointSliceObject[]): string {
  const rows = slices.map((slice) => [
    `${slice.metadata.namespace}/${slice.metadata.name}`,
    (slice.ports ?? []).map((port) => port.port).join(', '),
    addressesIn(slice, true).join(', ') || '-',
    addressesIn(slice, false).join(', ') || '-',
  ]);
  return textTable(['ENDPOINTSLICE', 'PORTS', 'READY', 'NOT READY'], rows);
}

function addressesIn(slice: EndpointSliceObject, ready: boolean): readonly string[] {
  const endpoints = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready === ready);
  return endpoints.flatMap(({ addresses }) => addresses);
}

function problemOf(
  scene: Scene,
  report: SyncReport,
  slices: readonly EndpointSliceObject[],
): string | undefined {
  const { created, updated, deleted } = report.summary;
  const writes = created + updated + deleted;
  if (scene.writes === 'none' && writes > 0) return `${writes} writes although nothing changed`;
  if (scene.writes === 'some' && writes === 0) return 'nothing was written';
  for (const [service, expected] of Object.entries(scene.expected)) {
    const ready = slices
      .filter(({ metadata }) => metadata.labels?.[SERVICE_NAME_LABEL] === service)
      .flatMap((slice) => addressesIn(slice, true));
    if (ready.join() !== expected.join()) {
      return `${service} should serve ${expected.join(', ')} but serves ${ready.join(', ') || 'nothing'}`;
    }
  }
  return undefined;
}

/** Keeps the servers running until the user interrupts. */
async function stay(world: DemoWorld, { terminal, clock, signal }: CliContext): Promise<void> {
  const path = await world.writeKubeconfig();
  terminal.out.write(
    `\nStill running; stop it with Ctrl-C. In another terminal:\n  kubectl --kubeconfig ${path} get services,endpointslices -A\n`,
  );
  while (!signal.aborted) {
    await clock.sleep(3_600_000, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

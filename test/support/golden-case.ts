import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import type { ObjectStore, StoredKind } from '../../src/cluster/object-store.ts';
import type { DecideOptions } from '../../src/decide/decide.ts';
import type { KubeSender } from '../../src/io/kube-retry.ts';
import type { KubeObject } from '../../src/manifest/kube-object.ts';
import type { ObjectPlan } from '../../src/plan/object-plan.ts';
import { ConfigMapState } from '../../src/state/config-map-state.ts';
import type { Policy } from '../../src/sync/policy.ts';
import type { SyncReport } from '../../src/sync/sync-report.ts';
import type { Clock } from '../../src/time/clock.ts';
import { onePass, type ScriptedWorld } from './one-pass.ts';
import { OtherManager } from './other-manager.ts';
import { listFrom } from './targets.ts';

/** `world.yaml`: everything but the list. */
interface GoldenWorld extends ScriptedWorld {
  /** What the case shows, in one sentence. */
  readonly shows: string;
  readonly options?: Partial<DecideOptions>;
  /** Ranges of the cluster's Services. They can be read, unless `tellsServiceCidrs` is false. */
  readonly serviceCidrs?: readonly string[];
  readonly tellsServiceCidrs?: boolean;
  /** Earlier steps, in order. */
  readonly history?: readonly Step[];
}

type Step =
  /** A pass over another list of the folder, with `down` and `names` of its own. */
  | ({ readonly sync: string; readonly options?: Partial<DecideOptions> } & ScriptedWorld)
  | { readonly by: string; readonly create: KubeObject }
  | { readonly by: string; readonly kubectlApply: KubeObject }
  | { readonly by: string; readonly apply: KubeObject }
  | { readonly by: string; readonly merge: KubeObject; readonly patch: unknown }
  | { readonly by: string; readonly delete: KubeObject };

const RESULTS = ['plan.yaml', 'result.yaml', 'objects.yaml'] as const;
const NEVER = new AbortController().signal;
const PLAIN = { compress: async (text: string) => text, decompress: async (text: string) => text };

/** The cluster that a case is played on. */
export interface GoldenPlace {
  /** The namespace in place of `default`. */
  readonly namespace: string;
  readonly sender: KubeSender;
  readonly store: ObjectStore;
  readonly clock: Clock;
  /** Every write so far, such as `METHOD path`. */
  readonly writes: readonly string[];
  /** Moves time until a pass has ended. */
  finish<T>(pass: Promise<T>): Promise<T>;
  /** Resolves when the controllers have caught up. */
  rest(): Promise<void>;
}

/** The folder of all golden cases: each of its folders is one. */
export const GOLDEN_FOLDER = fileURLToPath(new URL('../golden/', import.meta.url));

/** The names of all golden cases. */
export function goldenCases(): readonly string[] {
  const entries = readdirSync(GOLDEN_FOLDER, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** A folder with `targets.yaml`, `world.yaml` and the expected results. */
export class GoldenCase {
  readonly world: GoldenWorld;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.world = parse(this.#read('world.yaml')) as GoldenWorld;
  }

  /** Plays the history, runs `plan` and `sync`, and runs `sync` again. */
  async play(place: GoldenPlace): Promise<GoldenResult> {
    const world = parse(inNamespace(this.#read('world.yaml'), place)) as GoldenWorld;
    for (const step of world.history ?? []) {
      await this.#take(step, place);
      await place.rest();
    }
    const planned = await this.#pass('targets.yaml', world, 'none', place);
    const done = await this.#pass('targets.yaml', world, 'whileLeading', place);
    await place.rest();
    const objects = await objectsIn(place);
    const writesBefore = place.writes.length;
    await this.#pass('targets.yaml', world, 'whileLeading', place);
    return {
      files: {
        'plan.yaml': text(planOf(planned.report, planned.plans)),
        'result.yaml': text(resultOf(done.report)),
        'objects.yaml': objects.map((object) => `---\n${text(object)}`).join(''),
      },
      writtenAgain: place.writes.slice(writesBefore),
      isFailing: done.report.summary.failed > 0,
    };
  }

  /** The expected files; with UPDATE_GOLDEN=1 they are replaced first. */
  expected(files: GoldenResult['files']): GoldenResult['files'] {
    const folder = join(this.#folder, 'expected');
    if (process.env.UPDATE_GOLDEN === '1') {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    }
    return existsSync(folder) ? this.expectedFiles : {};
  }

  get expectedFiles(): GoldenResult['files'] {
    const folder = join(this.#folder, 'expected');
    return Object.fromEntries(
      readdirSync(folder)
        .sort()
        .map((name) => [name, this.#read(join('expected', name))]),
    );
  }

  /** Every file of the folder, and every file that a case has: the same, or one is missing or unused. */
  get files(): { readonly found: readonly string[]; readonly needed: readonly string[] } {
    const found = readdirSync(this.#folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(this.#folder, join(parentPath, name)));
    const lists = (this.world.history ?? []).flatMap((step) => ('sync' in step ? [step.sync] : []));
    const needed = ['targets.yaml', 'world.yaml', ...RESULTS.map((name) => join('expected', name)), ...lists];
    return { found: found.sort(), needed: [...new Set(needed)].sort() };
  }

  #read(name: string): string {
    return readFileSync(join(this.#folder, name), 'utf8');
  }

  async #take(step: Step, place: GoldenPlace): Promise<void> {
    if ('sync' in step) {
      await this.#pass(step.sync, step, 'whileLeading', place);
      return;
    }
    const manager = new OtherManager(place.sender, step.by);
    if ('create' in step) await manager.create(step.create);
    else if ('kubectlApply' in step) await manager.createAsKubectlApply(step.kubectlApply);
    else if ('apply' in step) await manager.apply(step.apply);
    else if ('merge' in step) await manager.merge(step.merge, step.patch);
    else await manager.delete(step.delete);
  }

  #pass(
    file: string,
    world: ScriptedWorld & Pick<GoldenWorld, 'options'>,
    writes: Policy['writes'],
    place: GoldenPlace,
  ) {
    const list = listFrom(inNamespace(this.#read(file), place), file);
    const { clock, namespace, store } = place;
    const instance = world.options?.instance ?? 'default';
    const state = new ConfigMapState(store, PLAIN, clock, { namespace, instance });
    return place.finish(onePass({ list, store, clock, world, state, writes, options: world.options ?? {} }));
  }
}

function inNamespace(yaml: string, { namespace }: GoldenPlace): string {
  return yaml.replaceAll(/\bnamespace: default\b/g, `namespace: ${namespace}`);
}

async function objectsIn({ namespace, store }: GoldenPlace): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const kind of ['Service', 'Endpoints', 'EndpointSlice'] satisfies StoredKind[]) {
    const listed = await store.list(kind, { namespace }, NEVER);
    if (!listed.ok) throw new Error(listed.failure.message);
    found.push(...listed.value.items.filter(({ metadata }) => metadata.name !== 'kubernetes').map(stable));
  }
  return found;
}

export interface GoldenResult {
  readonly files: Readonly<Partial<Record<(typeof RESULTS)[number], string>>>;
  /** The writes of the second pass. */
  readonly writtenAgain: readonly string[];
  /** A failed write is repeated in the second pass. */
  readonly isFailing: boolean;
}

function planOf(report: SyncReport, plans: readonly ObjectPlan[]): unknown {
  return report.targets.map((target, at) => ({
    ...outcome(target),
    endpoints: target.endpoints.map(({ address, ready, reason, message, source }) =>
      ready
        ? `${address} ready ${reason} (${source})`
        : `${address} not ready ${reason}: ${message} (${source})`,
    ),
    actions: (plans[at]?.actions ?? []).map((action) => ({
      [`${action.verb} ${action.kind} ${action.name}`]: action.reason,
      ...('force' in action && action.force ? { force: true } : {}),
      ...('changes' in action && action.changes.length > 0
        ? {
            changes: action.changes.map(({ path, from, to }) => ({ path, from: brief(from), to: brief(to) })),
          }
        : {}),
    })),
    ...(plans[at]?.continuation === undefined ? {} : { waitsFor: plans[at]?.continuation?.until }),
  }));
}

function resultOf(report: SyncReport): unknown {
  return report.targets.map((target) => ({
    ...outcome(target),
    wrote: target.actions.map(({ verb, kind, name, reason }) => `${verb} ${kind} ${name} (${reason})`),
  }));
}

function outcome({ namespace, name, phase, reason, message }: SyncReport['targets'][number]) {
  return { target: `${namespace}/${name}`, phase, reason, ...(message === '' ? {} : { message }) };
}

/** Short: `objects.yaml` has the whole content. */
function brief(value: unknown): unknown {
  if (value === undefined) return null;
  return typeof value === 'object' ? JSON.stringify(value) : value;
}

/** Without fields that differ from run to run. */
function stable(object: KubeObject): unknown {
  const { metadata, status: _status, ...rest } = object as KubeObject & { readonly status?: unknown };
  const { managedFields = [], ownerReferences, ...meta } = metadata;
  const { uid: _uid, resourceVersion: _version, creationTimestamp: _created, generation: _g, ...kept } = meta;
  const owners = managedFields.map(({ manager, operation }) => `${manager} ${operation}`).sort();
  return {
    kind: rest.kind,
    metadata: {
      ...kept,
      ...(owners.length > 0 ? { ownersOfFields: owners.join(', ') } : {}),
      ...(ownerReferences === undefined
        ? {}
        : { ownedBy: ownerReferences.map(({ kind, name }) => `${kind} ${name}`).join(', ') }),
    },
    ...Object.fromEntries(
      Object.entries(rest).filter(([field]) => field !== 'kind' && field !== 'apiVersion'),
    ),
  };
}

function text(value: unknown): string {
  return stringify(JSON.parse(JSON.stringify(value)), { lineWidth: 110 });
}

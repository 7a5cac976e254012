import type { AnswerRecord } from './checks/answer-record.ts';
import { namesOf } from './checks/lost-route.ts';
import { isWhollyOurs, othersServices, publishedState } from './checks/published-state.ts';
import { keyOfSpec, type SourceSpec, type TargetSpec } from './scenario/target-spec.ts';
import { calmJob } from './world/calm-job.ts';
import type { Happenings } from './world/happenings.ts';
import { World } from './world/world.ts';

const PERIOD_MS = 30_000;
const MOST_PASSES = 6;
/** The default of `guards.maxDeletes`; no list of the simulation sets it. */
const MAX_DELETES = 0.3;
/** Deletions within this time count together. */
const DELETED_TOGETHER_MS = 600_000;

/** The state that the cluster reaches with the same list, names and hosts, without any fault. */
export class Undisturbed {
  readonly #world: World;
  readonly #expected: readonly string[];
  /** Services that were not adopted there either: none of their addresses was ready. */
  readonly #left: ReadonlySet<string>;

  private constructor(world: World, undisturbed: World) {
    const { store } = undisturbed.cluster.core;
    this.#world = world;
    this.#expected = publishedState(store);
    this.#left = othersServices(store);
  }

  /** Runs passes in a new world with the list, names and hosts of a world whose faults have just ended. */
  static async runOf(world: World, happenings: Happenings): Promise<Undisturbed> {
    const { scenario, file } = world;
    const undisturbed = new World({
      ...scenario,
      incidents: [],
      targets: file.targets.map((target) => ({
        ...target,
        adopt: target.adopt || wasAdopted(world, target),
      })),
      names: happenings.settledNames(),
      latencyMs: [1, 5],
    });
    for (const [address, mode] of world.hosts.all()) undisturbed.hosts.set(address, mode);
    const job = calmJob(undisturbed, PERIOD_MS);
    await untilNothingIsWritten(undisturbed);
    job.stop();
    // These passes must read a good list; otherwise there is nothing to compare with.
    const isRead = file.targets.length === 0 || job.exits.every((exit) => exit === 0 || exit === 3);
    if (!isRead) throw new Error(`seed ${scenario.seed}: undisturbed passes ended with ${job.exits.join()}`);
    for (const { invariant, message } of undisturbed.checkers.violations)
      world.checkers.report(invariant, `undisturbed: ${message}`);
    return new Undisturbed(world, undisturbed);
  }

  /** How the disturbed world differs now, a line each. */
  difference(): string[] {
    const world = this.#world;
    // An empty list is rejected: everything stays.
    if (world.file.targets.length === 0) return [];
    const excluded = new Set([
      ...this.#left,
      ...othersServices(world.cluster.core.store),
      ...withoutService(world),
      ...madeByOthers(world),
      ...givenBackInPart(world),
      ...tooManyToDelete(world),
      ...this.#heldOff(),
    ]);
    const comparable = (fact: string) => !excluded.has(keyOfFact(fact));
    const mayBeHeld = rotatingTargets(world);
    const expected = new Set(this.#expected.filter(comparable));
    const actual = new Set(publishedState(world.cluster.core.store).filter(comparable));
    const missing = [...expected].filter(
      (fact) => !actual.has(fact) && !this.#standsBehindHeld(fact, mayBeHeld),
    );
    const surplus = [...actual].filter(
      (fact) => !expected.has(fact) && !mayBeHeld.has(keyOfFact(fact)) && !this.#isLastResort(fact),
    );
    return [...missing.map((fact) => `- ${fact}`), ...surplus.map((fact) => `+ ${fact}`)];
  }

  /**
   * Services that have a ready address now and have none in the undisturbed world: Pods or people served them in between,
   * or their names had healthy addresses. A ready address stays while nothing else is ready. The same holds where all
   * addresses are ready in panic there.
   */
  #heldOff(): string[] {
    const actual = publishedState(this.#world.cluster.core.store);
    const expected = new Set(readyOnes(this.#expected).map(keyOfFact));
    const surely = new Set(this.#readyAndWell(this.#expected));
    return [
      ...readyOnes(actual)
        .map(keyOfFact)
        .filter((key) => !expected.has(key)),
      ...this.#readyAndWell(actual).filter((key) => !surely.has(key)),
    ];
  }

  /** A standby of an address that may be held. */
  #standsBehindHeld(fact: string, mayBeHeld: ReadonlySet<string>): boolean {
    if (!mayBeHeld.has(keyOfFact(fact))) return false;
    const { file, answers } = this.#world;
    const target = file.targets.find((each) => keyOfSpec(each) === keyOfFact(fact));
    const priorities = (target?.endpoints ?? []).map(priorityOf);
    const best = Math.min(...priorities);
    return (target?.endpoints ?? []).some(
      (source) => priorityOf(source) > best && isOf(source, addressOfFact(fact), answers),
    );
  }

  /** An earlier address of a name stays after its hold while no other address of the target is healthy. */
  #isLastResort(fact: string): boolean {
    if (this.#readyAndWell(this.#expected).includes(keyOfFact(fact))) return false;
    const { file, answers } = this.#world;
    const target = file.targets.find((each) => keyOfSpec(each) === keyOfFact(fact));
    return (target?.endpoints ?? []).some((source) => isOf(source, addressOfFact(fact), answers));
  }

  #readyAndWell(facts: readonly string[]): string[] {
    const isWell = (address: string) => this.#world.hosts.modeNow(address) === 'accept';
    return readyOnes(facts)
      .filter((fact) => isWell(addressOfFact(fact)))
      .map(keyOfFact);
  }
}

async function untilNothingIsWritten({ scheduler, cluster }: World): Promise<void> {
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const { revision } = cluster.core.store;
    await scheduler.runUntil(scheduler.nowMs + PERIOD_MS);
    if (pass > 0 && cluster.core.store.revision === revision) return;
  }
}

function readyOnes(facts: readonly string[]): string[] {
  return facts.filter((fact) => /(?<!not) ready( by |$)/.test(fact));
}

/** All addresses that the source's names ever had, or the address itself. */
function isOf(source: SourceSpec, address: string, answers: AnswerRecord): boolean {
  if ('address' in source) return source.address === address;
  return namesOf(source, answers).some((name) => answers.everHad(name, address));
}

function priorityOf(source: SourceSpec): number {
  return ('priority' in source ? source.priority : undefined) ?? 0;
}

function addressOfFact(fact: string): string {
  return fact.split(' ')[2] ?? '';
}

function keyOfFact(fact: string): string {
  return fact.slice(0, fact.indexOf(' '));
}

/** Hand-kept objects of targets without `adopt`: they became ours only if their Service was deleted once. */
function madeByOthers(world: World): string[] {
  const { scenario, file } = world;
  const wanted = new Set(
    file.targets.filter((target) => target.adopt || wasAdopted(world, target)).map(keyOfSpec),
  );
  return scenario.handMade.map(({ key }) => key).filter((key) => !wanted.has(key));
}

/** An adopted object stays ours when the list no longer has `adopt`. */
function wasAdopted({ file }: World, target: TargetSpec): boolean {
  return file.versions.some(({ targets = [] }) =>
    targets.some((each) => each.adopt && keyOfSpec(each) === keyOfSpec(target)),
  );
}

/** Released Services that are ours in part again: `release` or an adoption must finish the rest. */
export function givenBackInPart(world: World): string[] {
  const { releasedKeys, cluster } = world;
  return [...releasedKeys, ...orphaned(world)].filter((key) => !isWhollyOurs(cluster.core.store, key));
}

/** Targets that left the list once and had to be released then. */
function orphaned({ file }: World): string[] {
  const kept = file.targets.filter(({ deletionPolicy }) => deletionPolicy === 'Orphan').map(keyOfSpec);
  const lists = file.versions.flatMap(({ targets = [] }) => (targets.length === 0 ? [] : [targets]));
  return kept.filter((key) => lists.some((targets) => !targets.some((each) => keyOfSpec(each) === key)));
}

/** Too many targets left the list, one after the other, before one could be deleted: none may be deleted any more. */
function tooManyToDelete({ file, checkers, cluster, scheduler }: World): string[] {
  const owned = checkers.ownership.servicesOf(cluster.core.store);
  const listed = new Set(file.targets.map(keyOfSpec));
  const going = [...owned].filter((key) => !listed.has(key));
  const deleted = checkers.ownership.deletedSince(scheduler.nowMs - DELETED_TOGETHER_MS);
  const isTooMany = (before: number) =>
    going.length + before > allowedOf(owned.size + before, owned.size - going.length);
  // A run that ends does not know what the one before has deleted.
  return isTooMany(0) || isTooMany(deleted) ? going : [];
}

function allowedOf(owned: number, staying: number): number {
  const share = Math.floor(owned * MAX_DELETES);
  return staying > 0 ? Math.max(share, 1) : share;
}

/** Targets whose Service belongs to another program, which has deleted it. */
function withoutService({ file, cluster }: World): string[] {
  return file.targets
    .filter(({ create }) => !create)
    .map(keyOfSpec)
    .filter((key) => cluster.core.store.get('services', key) === undefined);
}

/** Targets with a rotating name: its addresses may be held for dozens of answers. */
export function rotatingTargets({ file, answers }: World): ReadonlySet<string> {
  // If the list is empty now, an earlier version is active.
  const active =
    file.targets.length > 0 ? file.targets : file.versions.flatMap(({ targets = [] }) => targets);
  const rotating = active.filter(({ endpoints }) =>
    endpoints.some((source) => namesOf(source, answers).some((name) => answers.rotated(name))),
  );
  return new Set(rotating.map(keyOfSpec));
}

import type { Absence, Resolution, ResolvedAnswer } from '../dns/resolution.ts';
import type { HoldSettings } from '../model/target.ts';
import {
  isRotating,
  NO_ROTATION,
  observeAnswer,
  type Rotation,
  rememberedAbsence,
  toleratedAbsence,
} from './rotation.ts';

/**
 * The addresses of one name and family. Plain data, so that it can be saved. Its times are on the monotonic clock, and
 * only their differences count: another process shifts them to its own clock.
 */
export interface HeldName {
  /** When the last applied answer came. */
  readonly answeredAtMs: number;
  readonly rotation: Rotation;
  readonly addresses: readonly HeldAddress[];
  /** Addresses that were removed because answers no longer had them. Rotation is recognised by their return. */
  readonly departed: readonly DepartedAddress[];
}

export interface HeldAddress {
  readonly answer: ResolvedAnswer;
  /** How many answers in a row did not have it. */
  readonly missedAnswers: number;
  /** When the first of them came. */
  readonly absentSinceMs?: number;
  /** When the first NXDOMAIN or NODATA since its last good answer came. */
  readonly notFoundSinceMs?: number;
  /** Since when no server answers. */
  readonly failingSinceMs?: number;
}

export interface DepartedAddress {
  readonly answer: ResolvedAnswer;
  readonly missedAnswers: number;
}

/** The newest result for the name and family, and when it came (-Infinity: there is none yet). */
export interface Observation {
  readonly resolution: Resolution;
  readonly answeredAtMs: number;
}

export interface HoldResult {
  readonly next: HeldName;
  readonly addresses: readonly HeldVerdict[];
  /** When the next hold ends; Infinity: none does. */
  readonly nextChangeAtMs: number;
}

/** One active address, why it is active, and until when. */
export interface HeldVerdict {
  readonly answer: ResolvedAnswer;
  readonly state: 'current' | 'obsolete' | 'notFound' | 'failure';
  readonly reason: HoldReason;
  /** The message of the resolver, if its failure holds the address. */
  readonly message: string;
  readonly untilMs: number;
}

export type HoldReason = 'Resolved' | 'AddressLeftAnswer' | 'AnswerRotates' | Absence['reason'];

/** The limit for one name. Beyond it, the addresses that are missing for the longest time are removed. */
const MAX_HELD = 1_000;

/**
 * HAProxy's `hold`, by name and address. The addresses of a good answer are active. An address that is missing stays:
 *
 *     no server answers            for `failure`
 *     the name does not exist      for `notFound`
 *     a good answer without it     for `obsolete`, while it is healthy
 *
 * The clocks of the last two stop while no server answers, so silence never removes an address.
 *
 * To be called for every answer (rotation is counted in answers), and when health has changed or `nextChangeAtMs` has
 * come. An observation that was applied before changes nothing except holds that have ended.
 *
 * @param recovered addresses that a previous process held. Their clocks start now, whenever the answer came.
 */
export function holdAddresses(
  previous: HeldName | undefined,
  observation: Observation,
  settings: HoldSettings,
  isHealthy: (answer: ResolvedAnswer) => boolean,
  nowMs: number,
  recovered: readonly ResolvedAnswer[] = [],
): HoldResult {
  const { resolution, answeredAtMs } = observation;
  const isNew = previous?.answeredAtMs !== answeredAtMs;
  const sinceMs = Number.isFinite(answeredAtMs) ? answeredAtMs : nowMs;
  const present = new Map(
    resolution.outcome === 'resolved' ? resolution.answers.map((answer) => [keyOf(answer), answer]) : [],
  );
  const missed = isNew && resolution.outcome === 'resolved' ? 1 : 0;
  const rotation =
    missed === 1 ? observeAnswer(previous?.rotation ?? NO_ROTATION, absences(previous, present)) : undefined;
  const rules: Rules = {
    settings,
    nowMs,
    rotation: rotation ?? previous?.rotation ?? NO_ROTATION,
    isHealthy,
  };

  const current = [...present.values()].map((answer): HeldAddress => ({ answer, missedAnswers: 0 }));
  const absent = [
    ...(previous?.addresses ?? []).map((held) => ({ held, sinceMs })),
    ...recovered.map((answer) => ({ held: { answer, missedAnswers: 0 }, sinceMs: nowMs })),
  ]
    .filter(({ held }) => !present.has(keyOf(held.answer)))
    .map((each) => {
      const missedAnswers = countTo(each.held, missed, rules.rotation);
      return age(each.held, absenceOf(each.held, resolution), each.sinceMs, missedAnswers);
    });
  const decided = absent.map((held) => ({ held, verdict: decide(held, absenceOf(held, resolution), rules) }));
  const kept = decided.flatMap(({ held, verdict }) => (verdict === undefined ? [] : [{ held, verdict }]));
  const room = Math.max(0, MAX_HELD - current.length);
  const staying = kept.length <= room ? kept : kept.toSorted(byAbsence).slice(0, room);

  const removed = decided.flatMap(({ held, verdict }) => (verdict === undefined ? [held] : []));
  const addresses = [
    ...current.map(({ answer }) => active(answer)),
    ...staying.map(({ verdict }) => verdict),
  ];
  return {
    next: {
      answeredAtMs,
      rotation: rules.rotation,
      addresses: [...current, ...staying.map(({ held }) => held)],
      departed: remember(previous?.departed ?? [], removed, present, missed, rules.rotation),
    },
    addresses,
    nextChangeAtMs: Math.min(Number.POSITIVE_INFINITY, ...addresses.map(({ untilMs }) => untilMs)),
  };
}

interface Rules {
  readonly settings: HoldSettings;
  readonly nowMs: number;
  readonly rotation: Rotation;
  readonly isHealthy: (answer: ResolvedAnswer) => boolean;
}

/** Two SRV targets may share an address, and one may have it on two ports. Each is held separately. */
function keyOf({ address, port, host }: ResolvedAnswer): string {
  return `${address} ${port ?? ''} ${host ?? ''}`;
}

/**
 * Why the resolution lacks the address. A failed SRV target explains only its own addresses. After a lost memory the
 * target of an address is unknown; then any failed target explains it.
 */
function absenceOf({ answer }: HeldAddress, resolution: Resolution): Absence | 'left' {
  if (resolution.outcome !== 'resolved') return resolution;
  const { missing = [] } = resolution;
  const own = missing.filter(({ host }) => answer.host === undefined || host === answer.host);
  const failed = own.find(({ absence }) => absence.outcome === 'unresolved');
  return (failed ?? own[0])?.absence ?? 'left';
}

/**
 * Counts only as far as rotation needs. Otherwise an address that stays because no other one is ready would change the
 * saved state with every answer.
 */
function countTo(held: HeldAddress, missed: number, rotation: Rotation): number {
  return Math.min(held.missedAnswers + missed, rememberedAbsence(rotation) + 1);
}

/** Sets and clears the clocks. The first answer of each kind starts its clock; later ones do not restart it. */
function age(
  held: HeldAddress,
  absence: Absence | 'left',
  answeredAtMs: number,
  missedAnswers: number,
): HeldAddress {
  if (absence !== 'left' && absence.outcome === 'unresolved') {
    return { ...held, failingSinceMs: held.failingSinceMs ?? answeredAtMs };
  }
  const { failingSinceMs, absentSinceMs, notFoundSinceMs, answer } = held;
  const stoppedForMs = failingSinceMs === undefined ? 0 : Math.max(0, answeredAtMs - failingSinceMs);
  const absentSince = absentSinceMs === undefined ? undefined : absentSinceMs + stoppedForMs;
  if (absence === 'left') {
    return { answer, missedAnswers, absentSinceMs: absentSince ?? answeredAtMs };
  }
  return {
    answer,
    missedAnswers: held.missedAnswers,
    ...(absentSince === undefined ? {} : { absentSinceMs: absentSince }),
    notFoundSinceMs: notFoundSinceMs === undefined ? answeredAtMs : notFoundSinceMs + stoppedForMs,
  };
}

/** Undefined: the address is removed. */
function decide(held: HeldAddress, absence: Absence | 'left', rules: Rules): HeldVerdict | undefined {
  const { settings, nowMs } = rules;
  const { answer, absentSinceMs, notFoundSinceMs = 0, failingSinceMs = 0 } = held;
  const verdicts: HeldVerdict[] = [];
  if (absence !== 'left' && absence.outcome === 'unresolved') {
    verdicts.push(byAnswer(answer, 'failure', absence, failingSinceMs + settings.failureMs));
  } else {
    if (absence !== 'left') {
      verdicts.push(byAnswer(answer, 'notFound', absence, notFoundSinceMs + settings.notFoundMs));
    }
    if (absentSinceMs !== undefined) verdicts.push(holdObsolete(held, absentSinceMs, rules));
  }
  const verdict = verdicts.reduce((first, other) => (other.untilMs < first.untilMs ? other : first));
  return verdict.untilMs > nowMs ? verdict : undefined;
}

function byAnswer(
  answer: ResolvedAnswer,
  state: 'notFound' | 'failure',
  { reason, message }: Absence,
  untilMs: number,
): HeldVerdict {
  return { answer, state, reason, message, untilMs };
}

function holdObsolete(held: HeldAddress, absentSinceMs: number, rules: Rules): HeldVerdict {
  const { answer } = held;
  if (isRotating(rules.rotation) && held.missedAnswers < toleratedAbsence(rules.rotation)) {
    const untilMs = Number.POSITIVE_INFINITY;
    return { answer, state: 'obsolete', reason: 'AnswerRotates', message: '', untilMs };
  }
  const untilMs = rules.isHealthy(answer) ? absentSinceMs + rules.settings.obsoleteMs : rules.nowMs;
  return { answer, state: 'obsolete', reason: 'AddressLeftAnswer', message: '', untilMs };
}

function active(answer: ResolvedAnswer): HeldVerdict {
  const untilMs = Number.POSITIVE_INFINITY;
  return { answer, state: 'current', reason: 'Resolved', message: '', untilMs };
}

/** For each address that the answer brings back: how many answers it had missed. */
function absences(previous: HeldName | undefined, present: ReadonlyMap<string, ResolvedAnswer>): number[] {
  return [...(previous?.addresses ?? []), ...(previous?.departed ?? [])]
    .filter(({ answer, missedAnswers }) => missedAnswers > 0 && present.has(keyOf(answer)))
    .map(({ missedAnswers }) => missedAnswers);
}

function remember(
  departed: readonly DepartedAddress[],
  removed: readonly HeldAddress[],
  present: ReadonlyMap<string, ResolvedAnswer>,
  missed: number,
  rotation: Rotation,
): readonly DepartedAddress[] {
  const older = departed.map((entry) => ({ ...entry, missedAnswers: entry.missedAnswers + missed }));
  const newer = removed.map(({ answer, missedAnswers }) => ({ answer, missedAnswers }));
  return [...newer, ...older]
    .filter(({ answer }) => !present.has(keyOf(answer)))
    .filter(({ missedAnswers }) => missedAnswers > 0 && missedAnswers <= rememberedAbsence(rotation))
    .slice(0, MAX_HELD);
}

function byAbsence(a: { held: HeldAddress }, b: { held: HeldAddress }): number {
  return a.held.missedAnswers - b.held.missedAnswers;
}

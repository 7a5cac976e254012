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
 * What is held of one name and family: plain data, so that it can outlive the process. Its times are
 * `monotonicNow`'s, and only differences between them count: another process may shift them to its own clock.
 */
export interface HeldName {
  /** When the answer came that was taken in last. */
  readonly answeredAtMs: number;
  readonly rotation: Rotation;
  readonly addresses: readonly HeldAddress[];
  /** Addresses that went because answers no longer had them; remembered to recognise rotation by. */
  readonly departed: readonly DepartedAddress[];
}

export interface HeldAddress {
  readonly answer: ResolvedAnswer;
  /** Answers in a row that did not have it. */
  readonly missedAnswers: number;
  /** The first of them came. */
  readonly absentSinceMs?: number;
  /** The first NXDOMAIN or NODATA since its last good answer came. */
  readonly notFoundSinceMs?: number;
  /** Since then nobody answers. */
  readonly failingSinceMs?: number;
}

export interface DepartedAddress {
  readonly answer: ResolvedAnswer;
  readonly missedAnswers: number;
}

/** The newest result of asking for the name and family, and when it came (-Infinity: none has come yet). */
export interface Observation {
  readonly resolution: Resolution;
  readonly answeredAtMs: number;
}

export interface HoldResult {
  readonly next: HeldName;
  readonly addresses: readonly HeldVerdict[];
  /** When the next address goes if nothing else happens; Infinity when none does. */
  readonly nextChangeAtMs: number;
}

/** One address that is in force, why, and until when. */
export interface HeldVerdict {
  readonly answer: ResolvedAnswer;
  readonly state: 'current' | 'obsolete' | 'notFound' | 'failure';
  readonly reason: HoldReason;
  /** The resolver's words, if it is its failure that holds the address. */
  readonly message: string;
  readonly untilMs: number;
}

export type HoldReason = 'Resolved' | 'AddressLeftAnswer' | 'AnswerRotates' | Absence['reason'];

/** As many as a name may have; those that are gone for longest give way. */
const MAX_HELD = 1_000;

/**
 * HAProxy's `hold`, by name and address. What a good answer has is in force. Everything else is kept: while
 * nobody answers, for `failure`; while the name is said not to exist, for `notFound`; after a good answer
 * without it, for `obsolete` and while it is healthy. The clocks of the last two stand still while nobody
 * answers, so that silence never takes an address away.
 *
 * To be called for every answer (rotation is counted in answers), and besides whenever health has changed or
 * `nextChangeAtMs` has come; an observation that was taken in already changes nothing but what is overdue.
 *
 * @param inherited addresses that somebody else has held so far: their clocks begin now, whenever the answer came.
 */
export function holdAddresses(
  previous: HeldName | undefined,
  observation: Observation,
  settings: HoldSettings,
  isHealthy: (answer: ResolvedAnswer) => boolean,
  nowMs: number,
  inherited: readonly ResolvedAnswer[] = [],
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
    ...inherited.map((answer) => ({ held: { answer, missedAnswers: 0 }, sinceMs: nowMs })),
  ]
    .filter(({ held }) => !present.has(keyOf(held.answer)))
    .map((each) => {
      const missedAnswers = countTo(each.held, missed, rules.rotation);
      return age(each.held, absenceOf(each.held, resolution), each.sinceMs, missedAnswers);
    });
  const judged = absent.map((held) => ({ held, verdict: judge(held, absenceOf(held, resolution), rules) }));
  const kept = judged.flatMap(({ held, verdict }) => (verdict === undefined ? [] : [{ held, verdict }]));
  const room = Math.max(0, MAX_HELD - current.length);
  const staying = kept.length <= room ? kept : kept.toSorted(byAbsence).slice(0, room);

  const gone = judged.flatMap(({ held, verdict }) => (verdict === undefined ? [held] : []));
  const addresses = [
    ...current.map(({ answer }) => active(answer)),
    ...staying.map(({ verdict }) => verdict),
  ];
  return {
    next: {
      answeredAtMs,
      rotation: rules.rotation,
      addresses: [...current, ...staying.map(({ held }) => held)],
      departed: remember(previous?.departed ?? [], gone, present, missed, rules.rotation),
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

/** Two SRV targets may share an address, and one may offer it on two ports: each is held by itself. */
function keyOf({ address, port, host }: ResolvedAnswer): string {
  return `${address} ${port ?? ''} ${host ?? ''}`;
}

/**
 * Why the resolution lacks the address: an SRV target that failed speaks for its own addresses only. After a lost
 * memory nobody knows whose an address was; then it may be that of any target that is missing.
 */
function absenceOf({ answer }: HeldAddress, resolution: Resolution): Absence | 'left' {
  if (resolution.outcome !== 'resolved') return resolution;
  const { missing = [] } = resolution;
  const own = missing.filter(({ host }) => answer.host === undefined || host === answer.host);
  const failed = own.find(({ absence }) => absence.outcome === 'unresolved');
  return (failed ?? own[0])?.absence ?? 'left';
}

/**
 * No further than rotation can explain: an address that stays because there is nothing else would otherwise change
 * the state with every answer, for ever.
 */
function countTo(held: HeldAddress, missed: number, rotation: Rotation): number {
  return Math.min(held.missedAnswers + missed, rememberedAbsence(rotation) + 1);
}

/** Sets and clears the clocks. Each is set by the first answer of its kind and not touched by the next. */
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
  const stoodStillMs = failingSinceMs === undefined ? 0 : Math.max(0, answeredAtMs - failingSinceMs);
  const absentSince = absentSinceMs === undefined ? undefined : absentSinceMs + stoodStillMs;
  if (absence === 'left') {
    return { answer, missedAnswers, absentSinceMs: absentSince ?? answeredAtMs };
  }
  return {
    answer,
    missedAnswers: held.missedAnswers,
    ...(absentSince === undefined ? {} : { absentSinceMs: absentSince }),
    notFoundSinceMs: notFoundSinceMs === undefined ? answeredAtMs : notFoundSinceMs + stoodStillMs,
  };
}

/** Undefined: the address goes. */
function judge(held: HeldAddress, absence: Absence | 'left', rules: Rules): HeldVerdict | undefined {
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

/** Of the addresses that the answer brings back, how many answers each had missed. */
function absences(previous: HeldName | undefined, present: ReadonlyMap<string, ResolvedAnswer>): number[] {
  return [...(previous?.addresses ?? []), ...(previous?.departed ?? [])]
    .filter(({ answer, missedAnswers }) => missedAnswers > 0 && present.has(keyOf(answer)))
    .map(({ missedAnswers }) => missedAnswers);
}

function remember(
  departed: readonly DepartedAddress[],
  gone: readonly HeldAddress[],
  present: ReadonlyMap<string, ResolvedAnswer>,
  missed: number,
  rotation: Rotation,
): readonly DepartedAddress[] {
  const older = departed.map((entry) => ({ ...entry, missedAnswers: entry.missedAnswers + missed }));
  const newer = gone.map(({ answer, missedAnswers }) => ({ answer, missedAnswers }));
  return [...newer, ...older]
    .filter(({ answer }) => !present.has(keyOf(answer)))
    .filter(({ missedAnswers }) => missedAnswers > 0 && missedAnswers <= rememberedAbsence(rotation))
    .slice(0, MAX_HELD);
}

function byAbsence(a: { held: HeldAddress }, b: { held: HeldAddress }): number {
  return a.held.missedAnswers - b.held.missedAnswers;
}

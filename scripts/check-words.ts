import { globSync, readFileSync } from 'node:fs';

/**
 * `node scripts/check-words.ts`: names every place that uses a word of the tables below, with the word to use instead,
 * and fails if there is one. Readers know the words of Kubernetes, DNS and HAProxy; many are not native speakers.
 */

/** A word of our own, and the standard name for it. */
interface Word {
  readonly instead: string;
  /** Only as a whole identifier, spelled like this: in lower case, or in a longer name, it is an ordinary word. */
  readonly isExact?: true;
}

/** Parts of identifiers, in camel case: `targetBook` is found in `TargetBook`, `targetBooks` and `newTargetBook`. */
const NAMES: Readonly<Record<string, Word>> = {
  settlement: { instead: 'ApplyResult' },
  settler: { instead: 'ApplyQueue' },
  carryOut: { instead: 'writeActions' },
  carriedOut: { instead: 'written' },
  planCarrier: { instead: 'ApplyQueue' },
  errand: { instead: 'ApplyTask' },
  settlementKeeper: { instead: 'StatusRecorder' },
  tellers: { instead: 'reporters' },
  agenda: { instead: 'WorkQueue' },
  keepAppointments: { instead: 'promoteDueTimers' },
  spareUnlisted: { instead: 'dropUnlisted' },
  goRound: { instead: 'reconcileDue' },
  Rounds: { instead: 'Controller', isExact: true },
  lookout: { instead: 'Observer' },
  sighting: { instead: 'watch event' },
  takeAll: { instead: 'onRelist' },
  catchUp: { instead: 'replayDeferred' },
  targetBook: { instead: 'TargetRegistry' },
  targetEntry: { instead: 'TargetRecord' },
  targetMoment: { instead: 'TargetSnapshot' },
  viewMoment: { instead: 'resolveAddresses' },
  decidingMoment: { instead: 'RoundContext' },
  Grounds: { instead: 'PlanContext', isExact: true },
  planGround: { instead: 'PlanContext' },
  holdOff: { instead: 'emptyServiceGuard' },
  isHeld: { instead: 'backOff', isExact: true },
  leftAlone: { instead: 'skipped' },
  keptAround: { instead: 'reconciledAround' },
  claim: { instead: 'adoptEndpoints' },
  unmark: { instead: 'removeOwnershipLabels' },
  disown: { instead: 'dropFieldOwnership' },
  disowned: { instead: 'without our field ownership' },
  takeOver: { instead: 'adopt' },
  mayTake: { instead: 'force' },
  stranger: { instead: 'foreignSlices, or the program by its name' },
  leftover: { instead: 'orphanedControllerSlices' },
  handover: { instead: 'adoptionTransition' },
  repeatReadiness: { instead: 'copyReadiness' },
  departure: { instead: 'DeletionBudget' },
  letGo: { instead: 'deleted' },
  inherits: { instead: 'recoversPublished', isExact: true },
  Origins: { instead: 'sources', isExact: true },
  origins: { instead: 'sources', isExact: true },
  stateless: { instead: 'hasNoStateStore' },
  fleet: { instead: 'clusterWide' },
  readyElsewhere: { instead: 'readyInOtherTargets' },
  seesClearly: { instead: 'probesWork' },
  blind: { instead: 'noConnectivity' },
  blindness: { instead: 'noConnectivity' },
  lastHealthyMs: { instead: 'lastSuccessfulProbeMs' },
  contention: { instead: 'conflict back-off' },
  war: { instead: 'conflict back-off' },
  patience: { instead: 'initialGrace' },
  appointment: { instead: 'timer' },
  recheck: { instead: 'requeueAt' },
  scout: { instead: 'half-open circuit breaker' },
  Pace: { instead: 'TimeSlice', isExact: true },
  isTired: { instead: 'yieldToEventLoop' },
  wakeUp: { instead: 'Signal' },
  Alarm: { instead: 'Timer', isExact: true },
  Places: { instead: 'Slots', isExact: true },
  questionDesk: { instead: 'QueryCoordinator' },
  questionBook: { instead: 'QueryCache' },
  inquiry: { instead: 'LookupState' },
  manner: { instead: 'QueryMode' },
  listKeeper: { instead: 'ListMerger' },
  listPartMemory: { instead: 'PartHistory' },
  inForce: { instead: 'active' },
};

/** Names of other programs' code, which comments quote. */
const QUOTED = new Set(['checkLeftoverEndpoints']);

/** Metrics by their whole names. */
const METRICS: Readonly<Record<string, string>> = {
  settle_seconds: 'apply_duration_seconds',
  decisions_total: 'reconcile_total',
  queue_depth: 'workqueue_depth',
  queue_oldest_age_seconds: 'workqueue_longest_wait_seconds',
};

/** Archaic and literary words, in any text. A space also stands for the end of a line. */
const PROSE: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /mend(?:s|ed|ing)?/, instead: 'fix, repair, correct' },
  { pattern: /who(?:m|so)?ever/, instead: 'the program or the person by name' },
  { pattern: /besides(?=[.,;:!?)'"`]|\s*\*\/)/, instead: 'also' },
  { pattern: /condemn(?:s|ed|ing)?/, instead: 'reject, mark unhealthy' },
  { pattern: /commonest/, instead: 'most common' },
  { pattern: /in vain/, instead: 'without success' },
  { pattern: /(?:there|here)(?:of|by|in|to|upon|with)/, instead: 'of it, by that' },
  { pattern: /(?:hence|thence)forth|forthwith|whilst|lest/, instead: 'from now on, while, so that not' },
  { pattern: /for ever/, instead: 'forever' },
  { pattern: /(?:tell|tells|told|telling) of/, instead: 'report' },
  { pattern: /(?:come|comes|came|coming) to be/, instead: 'become' },
  { pattern: /be had/, instead: 'get, be available' },
  { pattern: /what(?: [\w'’]+){1,4} makes? of/, instead: 'how … is interpreted' },
  { pattern: /hold-off/, instead: 'empty-Service guard' },
];

export interface Finding {
  readonly line: number;
  readonly found: string;
  readonly instead: string;
}

/** Every word of the tables in a text, in the order of its lines. */
export function findWords(text: string): readonly Finding[] {
  return [...namesIn(text), ...metricsIn(text), ...proseIn(text)].sort((a, b) => a.line - b.line);
}

function* namesIn(text: string): Generator<Finding> {
  for (const { 0: identifier, index } of text.matchAll(/[A-Za-z][A-Za-z0-9]*/g)) {
    const word = QUOTED.has(identifier) ? undefined : wordIn(identifier);
    if (word !== undefined) yield { line: lineAt(text, index), found: identifier, instead: word.instead };
  }
}

const PARTS = Object.entries(NAMES)
  .filter(([, { isExact }]) => !isExact)
  .map(([name, word]) => ({ searched: ` ${partsOf(name).join(' ')}`, word }));

/** Texts have the same identifiers again and again. */
const known = new Map<string, Word | undefined>();

function wordIn(identifier: string): Word | undefined {
  if (!known.has(identifier)) {
    const parts = ` ${partsOf(identifier).join(' ')} `;
    const isIn = (searched: string) => parts.includes(`${searched} `) || parts.includes(`${searched}s `);
    const exact = NAMES[identifier]?.isExact ? NAMES[identifier] : undefined;
    known.set(identifier, exact ?? PARTS.find(({ searched }) => isIn(searched))?.word);
  }
  return known.get(identifier);
}

/** `HTTPServerName2` → http, server, name2. */
function partsOf(identifier: string): readonly string[] {
  const parts = identifier.match(/[A-Z]+(?![a-z])[0-9]*|[A-Z]?[a-z]+[0-9]*/g) ?? [];
  return parts.map((part) => part.toLowerCase());
}

const METRIC = new RegExp(`(?<![a-z])(?:external_endpoints_)?(${Object.keys(METRICS).join('|')})\\b`, 'g');

function* metricsIn(text: string): Generator<Finding> {
  for (const { 0: found, 1: name = '', index } of text.matchAll(METRIC))
    yield { line: lineAt(text, index), found, instead: METRICS[name] ?? '' };
}

const PROSE_PATTERNS = PROSE.map(({ pattern, instead }) => {
  const source = pattern.source.replaceAll(' ', '(?: |\\s*\\n[ \\t]*(?:\\*|//|#)?[ \\t]*)');
  return { pattern: new RegExp(`\\b(?:${source})(?![\\w-])`, 'gi'), instead };
});

function* proseIn(text: string): Generator<Finding> {
  for (const { pattern, instead } of PROSE_PATTERNS) {
    for (const { 0: found, index } of text.matchAll(pattern))
      yield { line: lineAt(text, index), found: found.replace(/\s*\n[\s*/#]*/, ' '), instead };
  }
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** What people read: code, docs, and the manifests that are shipped. */
const CHECKED = [
  '{src,scripts,test}/**/*.ts',
  'docs/**/*.md',
  'test/**/*.md',
  '*.md',
  '{config,deploy}/**/*.yaml',
  'test/simulation/kept/*.json',
];

/** They have the words on purpose. */
const EXCEPT = ['scripts/check-words.ts', 'test/unit/scripts/check-words.test.ts'];

if (import.meta.main) {
  const paths = globSync(CHECKED).filter((path) => !EXCEPT.includes(path));
  let count = 0;
  for (const path of paths.sort()) {
    for (const { line, found, instead } of findWords(readFileSync(path, 'utf8'))) {
      count += 1;
      console.log(`${path}:${line}: ${found}: use ${instead}`);
    }
  }
  if (count > 0) console.log(`${count} words to replace`);
  process.exitCode = count > 0 ? 1 : 0;
}

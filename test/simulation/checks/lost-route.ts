import type { Scenario } from '../scenario/incident.ts';
import {
  keyOfSpec,
  type ListGuards,
  type ListVersion,
  SERVICE_PORT,
  type SourceSpec,
  type TargetSpec,
} from '../scenario/target-spec.ts';
import { POD_ADDRESSES } from '../world/kube-words.ts';
import type { WorkerRecord } from '../world/worker-record.ts';
import type { AnswerRecord } from './answer-record.ts';
import type { Route } from './traffic.ts';

/** Addresses that people add to objects of ours, so that they are repaired: they may always go. */
export const BOGUS_PREFIX = '192.0.2.';

/** What the checkers know about the world when a route stops taking traffic. */
export interface Circumstances {
  readonly nowMs: number;
  readonly answers: AnswerRecord;
  /** Every list there ever was, the oldest first. */
  readonly lists: readonly ListVersion[];
  readonly guards: ListGuards;
  readonly mode: Scenario['mode'];
  /** Whether a host takes connections at this moment. */
  isWell(address: string): boolean;
  /** The largest error of a wall clock: one process saves the end of a hold in wall time, and another one reads it. */
  readonly clockSlackMs: number;
  /** How fast the fastest clock ran: a hold may end sooner by that factor. */
  readonly fastestRate: number;
  /** How long the writes of one plan take, whatever is observed in the meantime. */
  readonly planTakesMs: number;
  /** How late watch events may have arrived. */
  readonly longestLagMs: number;
  /** How old the data of a stale read may have been. */
  readonly stalestMs: number;
}

export type Verdict =
  | { readonly allowed: true; readonly byVerdict?: true }
  | { readonly allowed: false; readonly because: 2 | 3; readonly why: string };

const ALLOWED: Verdict = { allowed: true };
const UNHEALTHY: Verdict = { allowed: true, byVerdict: true };

/** The state has whole seconds, and the server sends an answer before the process receives it. */
const ROUNDING_MS = 1_500;

/** The parts of a worker's record that decide whether a route may go. */
export type Judged = Pick<WorkerRecord, 'specsOf' | 'hasNoStateStore' | 'health'>;

/** Whether a worker may remove a route that took traffic, by any list that it may be using. */
export function judgeLoss(key: string, route: Route, worker: Judged, world: Circumstances): Verdict {
  if (route.address.startsWith(BOGUS_PREFIX) || POD_ADDRESSES.includes(route.address)) return ALLOWED;
  const verdicts = worker.specsOf(key, world.nowMs).map((spec) => judgeBy(spec, key, route, worker, world));
  const [first] = verdicts;
  // An address that may go for another reason was not drained because of its health.
  const reasons = verdicts.filter((each) => each.allowed);
  return reasons.find((each) => each.byVerdict === undefined) ?? reasons[0] ?? first ?? ALLOWED;
}

function judgeBy(
  spec: TargetSpec | undefined,
  key: string,
  route: Route,
  worker: Judged,
  world: Circumstances,
): Verdict {
  if (spec === undefined) return judgeRemoval(key, world);
  const port = spec.ports.find((each) => each.port === route.servicePort && each.protocol === route.protocol);
  const isOfService = route.port === SERVICE_PORT && spec.endpoints.some((source) => 'srv' in source);
  if (port === undefined || (port.targetPort !== route.port && !isOfService)) return ALLOWED;
  // Another program owns the Service: a list with other ports for it cannot be applied.
  if (!spec.create && (port.name ?? '') !== route.portName) return ALLOWED;
  const byName = judgeByName(spec, route, worker, world);
  return !byName.allowed && isUnhealthy(spec, route, worker, world) ? UNHEALTHY : byName;
}

function judgeByName(spec: TargetSpec, route: Route, worker: Judged, world: Circumstances): Verdict {
  if (spec.endpoints.some((source) => 'address' in source && source.address === route.address)) {
    return { allowed: false, because: 3, why: 'it stands in the list and was not found unhealthy' };
  }
  return judgeByAnswers(spec, route, worker, world);
}

function judgeRemoval(key: string, { lists }: Circumstances): Verdict {
  const last = lists.findLast(({ targets }) => targets?.some((each) => keyOfSpec(each) === key));
  const spec = last?.targets?.find((each) => keyOfSpec(each) === key);
  if (spec === undefined || spec.deletionPolicy === 'Delete') return ALLOWED;
  return { allowed: false, because: 3, why: 'its target left the list with deletionPolicy Orphan' };
}

/** A port without a check has the health of the checked ports. */
function isUnhealthy(
  spec: TargetSpec,
  { address, port }: Route,
  { health }: Judged,
  { nowMs, planTakesMs }: Circumstances,
): boolean {
  if (spec.check === 'none') return false;
  const checked = spec.ports.filter(({ protocol }) => protocol === 'TCP').map(({ targetPort }) => targetPort);
  return [...checked, port].some((each) =>
    health.isUnhealthySince(socketAddress(address, each), nowMs - planTakesMs),
  );
}

export function socketAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function judgeByAnswers(
  spec: TargetSpec,
  { address, port }: Route,
  worker: Judged,
  world: Circumstances,
): Verdict {
  // The addresses of a host name use the target's ports; those of an SRV name use the port of their record.
  const names = spec.endpoints
    .filter((source) => 'srv' in source === (port === SERVICE_PORT))
    .flatMap((source) => namesOf(source, world.answers));
  const slackMs = ROUNDING_MS + world.clockSlackMs;
  const leastHoldMs = (seconds: number) => Math.max(0, (seconds * 1000) / world.fastestRate - slackMs);
  const hold = worker.hasNoStateStore
    ? { obsoleteMs: 0, notFoundMs: 0 }
    : {
        obsoleteMs: leastHoldMs(shortestHold(spec, world, 'obsoleteSeconds')),
        notFoundMs: leastHoldMs(shortestHold(spec, world, 'notFoundSeconds')),
      };
  const having = names.filter((name) => world.answers.everHad(name, address));
  const lacks = (name: string) => world.answers.lackedSince(name, address, world.nowMs, hold);
  if (having.length > 0) {
    const silent = having.find((name) => !lacks(name));
    if (silent === undefined) return ALLOWED;
    return { allowed: false, because: 2, why: `no answer for ${silent} has lacked it for long enough` };
  }
  // Its source is another one: it has left the list since, or the address was hand-kept.
  if (wasListed(keyOfSpec(spec), address, world)) return ALLOWED;
  const silent = names.find((name) => !lacks(name));
  if (silent === undefined) return ALLOWED;
  return { allowed: false, because: 2, why: `nothing is known of ${silent} that speaks against it` };
}

export function namesOf(source: SourceSpec, answers: AnswerRecord): readonly string[] {
  if ('host' in source) return [source.host];
  return 'srv' in source ? answers.hostsOf(source.srv) : [];
}

/** A list edit may just have shortened the hold. */
function shortestHold(
  spec: TargetSpec,
  { lists }: Circumstances,
  which: 'obsoleteSeconds' | 'notFoundSeconds',
): number {
  const versions = lists.flatMap(({ targets = [] }) =>
    targets.filter((each) => keyOfSpec(each) === keyOfSpec(spec)),
  );
  return Math.min(spec[which], ...versions.map((each) => each[which]));
}

function wasListed(key: string, address: string, { lists, answers }: Circumstances): boolean {
  return lists.some(({ targets = [] }) =>
    targets.some(
      (each) =>
        keyOfSpec(each) === key &&
        each.endpoints.some((source) =>
          'address' in source
            ? source.address === address
            : namesOf(source, answers).some((name) => answers.everHad(name, address)),
        ),
    ),
  );
}

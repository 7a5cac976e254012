/** A mistake that the product could have: one place of its source is replaced. */
export interface Mutation {
  readonly name: string;
  /** The mistake in words, for the table. */
  readonly mistake: string;
  /** The invariant that it breaks; a mistake may break another one first. */
  readonly breaks: readonly number[];
  /** In the repository. */
  readonly file: string;
  /** The source contains it exactly once. */
  readonly from: string;
  readonly to: string;
  /** The simulation has to notice within so many seeds, counted from 1. */
  readonly withinSeeds: number;
}

/** One mistake at least for each invariant. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'adopts-unasked',
    mistake: 'adopts objects without being asked',
    breaks: [1],
    file: 'src/plan/plan-input.ts',
    from: 'return target.adopt || options.adopt;',
    to: 'return true;',
    withinSeeds: 400,
  },
  {
    name: 'ignores-selectors',
    mistake: 'writes to a Service with a selector',
    breaks: [1],
    file: 'src/plan/refusals/service-rules.ts',
    from: 'if (!hasSelector(existing.service)) return undefined;',
    to: 'return undefined;',
    withinSeeds: 400,
  },
  {
    name: 'failure-is-absence',
    mistake: 'a DNS failure counts as an answer without addresses after five seconds',
    breaks: [2, 3],
    file: 'src/endpoint/hold.ts',
    from: "'failure', absence, failingSinceMs + settings.failureMs)",
    to: "'failure', absence, failingSinceMs + 5_000)",
    withinSeeds: 400,
  },
  {
    name: 'no-hold-for-nxdomain',
    mistake: 'NXDOMAIN removes addresses at once',
    breaks: [2, 3],
    file: 'src/endpoint/hold.ts',
    from: 'notFoundSinceMs + settings.notFoundMs',
    to: 'notFoundSinceMs',
    withinSeeds: 400,
  },
  {
    name: 'one-failure-drains',
    mistake: 'an address is unhealthy after its first failure, whatever the threshold',
    breaks: [3],
    file: 'src/health/hysteresis.ts',
    from: 'const vantageSuspect = suspect || (streak > 1 && health.vantageSuspect);\n  if (streak >= threshold) {',
    to: 'const vantageSuspect = suspect || (streak > 1 && health.vantageSuspect);\n  if (streak >= 1) {',
    withinSeeds: 400,
  },
  {
    name: 'skip-mirror-first',
    mistake: 'hand-kept Endpoints are no longer mirrored before our slices exist',
    breaks: [3],
    file: 'src/plan/publish-slices.ts',
    from: 'const endpointsFirst = isBeingReleased(draft);',
    to: 'const endpointsFirst = true;',
    withinSeeds: 400,
  },
  {
    name: 'release-awaits-no-mirror',
    mistake: '`release` deletes our slices before the mirroring controller has created its own',
    breaks: [3],
    file: 'src/plan/plan-release.ts',
    from: 'if (owned.slices.length > 0 && !isMirrorInStep(existing, slices)) {',
    to: 'if (owned.slices.length > 1_000_000) {',
    withinSeeds: 400,
  },
  {
    name: 'never-updates',
    mistake: 'every existing object counts as up to date',
    breaks: [4],
    file: 'src/plan/field-ownership/field-difference.ts',
    from: 'return difference.changes.length === 0 && difference.unowned.length === 0;',
    to: 'return true;',
    withinSeeds: 400,
  },
  {
    name: 'keeps-foreign-slices',
    mistake: 'slices from before an adoption are never deleted',
    breaks: [4, 8],
    file: 'src/plan/publish-slices.ts',
    from: "draft.delete('EndpointSlice', [...orphaned, ...foreign], 'Adopted');",
    to: '',
    withinSeeds: 400,
  },
  {
    name: 'restless-order',
    mistake: 'endpoints have another order at each build',
    breaks: [5],
    file: 'src/manifest/endpoint-entry.ts',
    from: '    .sort(compareAddresses)\n    .flatMap((address) => entriesOfAddress(',
    to: '    .sort(restless())\n    .flatMap((address) => entriesOfAddress(',
    withinSeeds: 400,
  },
  {
    name: 'silence-drains-the-last',
    mistake: 'the last ready address of a target is drained when it falls silent',
    breaks: [10],
    file: 'src/endpoint/last-ready.ts',
    from: 'if (SILENCE.has(reason)) return true;',
    to: 'if (SILENCE.has(reason)) return false;',
    withinSeeds: 400,
  },
  {
    name: 'waits-for-all',
    mistake: 'a pass writes nothing before it has observed the slowest target',
    breaks: [6],
    file: 'src/decide/decide.ts',
    from: 'if (input.everythingObserved || drainedAddressesOf(each) === 0) assessed.push(each);',
    to: 'if (input.everythingObserved) assessed.push(each);',
    withinSeeds: 400,
  },
  {
    name: 'unfenced',
    mistake: 'a replica that does not lead writes',
    breaks: [7],
    file: 'src/cluster/fenced-store.ts',
    from: 'isLeader() ? undefined : NOT_LEADER',
    to: 'undefined',
    withinSeeds: 400,
  },
  {
    name: 'denied-addresses',
    mistake: 'guards.deniedCIDRs is ignored',
    breaks: [8],
    file: 'src/model/guards.ts',
    from: 'const denied = guards.deniedCidrs.find((range) => range.contains(address));',
    to: 'const denied = guards.deniedCidrs.find(() => false);',
    withinSeeds: 400,
  },
  {
    name: 'loopback',
    mistake: 'addresses that the API rejects are sent to it',
    breaks: [8],
    file: 'src/model/guards.ts',
    from: 'if (refused !== undefined) return refused;',
    to: '',
    withinSeeds: 400,
  },
  {
    name: 'edited-target-has-left',
    mistake: 'a target that an edit changes counts as one that left the list',
    breaks: [9],
    file: 'src/sync/target-registry.ts',
    from: 'record.declare(target, graceUntilMs);',
    to: 'record.declare(record.target === undefined ? target : undefined, graceUntilMs);',
    withinSeeds: 400,
  },
  {
    name: 'trusts-all-verdicts',
    mistake: 'drains are never suspended, however many addresses fail at once',
    breaks: [10],
    file: 'src/endpoint/drain-guard.ts',
    from: 'const doubt = trusted ? undefined :',
    to: 'const doubt = trusted || true ? undefined :',
    withinSeeds: 400,
  },
  {
    name: 'plan-creates-only',
    mistake: 'plan shows what would be created, and not what would be updated',
    breaks: [11],
    file: 'src/sync/once.ts',
    from: 'options: request.options,',
    to: "options: request.writes === 'none' ? { ...request.options, policy: 'create-only' as const } : request.options,",
    withinSeeds: 400,
  },
  {
    name: 'leaves-connections-open',
    mistake: 'connections of probes are never closed',
    breaks: [12],
    file: 'src/health/probe.ts',
    from: '    dialed.connection.close();',
    to: '',
    withinSeeds: 400,
  },
];

/** Code that a mutation calls and the product does not have. */
export const HELPERS: Readonly<Record<string, string>> = {
  'restless-order': `
let calls = 0;
function restless(): typeof compareAddresses {
  calls += 1;
  return calls % 2 === 0 ? compareAddresses : (a, b) => compareAddresses(b, a);
}
`,
};

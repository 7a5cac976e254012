import { type PortRule, portRulesOf } from '../health/check.ts';
import type { CheckId, Health } from '../health/health.ts';
import type { Target } from '../model/target.ts';
import { type Assessment, type PortAssessment, type PublishedReadiness, servedNow } from './assessment.ts';
import type { Candidate } from './candidate.ts';

/** What the assessment of a target's addresses follows from. */
export interface AssessInput {
  readonly target: Target;
  readonly candidates: readonly Candidate[];
  readonly healthOf: (id: CheckId) => Health | undefined;
  /** What the Service serves now: an address without a verdict stays as it is. */
  readonly published: PublishedReadiness;
}

type Opinion = Pick<PortAssessment, 'ready' | 'withheld' | 'reason' | 'message' | 'health'>;

/** Assesses each address by its own health alone. Policies over all addresses of the target come later. */
export function assess(input: AssessInput): Assessment[] {
  return input.candidates.map((candidate) => ({
    address: candidate.address,
    ...(candidate.zone === undefined ? {} : { zone: candidate.zone }),
    priority: candidate.priority,
    drained: candidate.drained,
    refused: candidate.refused !== undefined,
    source: candidate.source,
    ...(candidate.held === undefined ? {} : { held: candidate.held }),
    ports: portRulesOf(input.target, candidate).map((rule) => assessPort(rule, candidate, input)),
  }));
}

function assessPort(rule: PortRule, candidate: Candidate, input: AssessInput): PortAssessment {
  const { name, protocol, targetPort, appProtocol } = rule.port;
  const port = { name, protocol, port: candidate.port ?? targetPort };
  return {
    ...port,
    ...(appProtocol === undefined ? {} : { appProtocol }),
    ...opinionOn(rule, candidate, servedNow(candidate.address, port, input.published), input.healthOf),
  };
}

function opinionOn(
  rule: PortRule,
  candidate: Candidate,
  served: boolean | undefined,
  healthOf: AssessInput['healthOf'],
): Opinion {
  if (candidate.refused !== undefined) return { ready: false, ...candidate.refused };
  if (candidate.drained) return { ready: false, reason: 'Drained', message: 'its SRV weight is 0' };
  switch (rule.rule) {
    case 'unchecked':
      return { ready: true, reason: 'NotChecked', message: rule.because };
    case 'checked':
      return opinionFrom(healthOf(rule.check.id), served);
    case 'follows': {
      const opinions = rule.checks.map((id) => opinionFrom(healthOf(id), served));
      const worst = opinions.find((opinion) => !opinion.ready) ?? opinions[0];
      if (worst === undefined) throw new Error(`port ${rule.port.targetPort} follows no check`);
      return { ...worst, message: `this port has no check and follows the checked ports: ${worst.message}` };
    }
  }
}

function opinionFrom(health: Health | undefined, served: boolean | undefined): Opinion {
  if (health === undefined || health.verdict === 'unknown') {
    return {
      ready: served ?? false,
      ...(served === undefined ? { withheld: true } : {}),
      ...whyUnknown(
        health,
        served === undefined ? 'no verdict yet' : 'no verdict yet; stays as it is published',
      ),
      ...(health === undefined ? {} : { health }),
    };
  }
  const { reason, message } = health;
  return { ready: health.verdict === 'healthy', reason, message, health };
}

/** If this worker cannot check the address, there may never be a verdict. Then the reason says what is wrong. */
function whyUnknown(health: Health | undefined, state: string): Pick<Opinion, 'reason' | 'message'> {
  const failure = health?.lastFailure;
  if (failure === undefined) return { reason: 'NotCheckedYet', message: state };
  const found = `${failure.reason}: ${failure.message}`;
  if (failure.speaksOf === 'worker')
    return { reason: failure.reason, message: `${failure.message}; ${state}` };
  return { reason: 'NotCheckedYet', message: `${state}; found: ${found}` };
}

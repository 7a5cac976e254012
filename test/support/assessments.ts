import type { Assessment, PortAssessment } from '../../src/endpoint/assessment.ts';
import type { Health, Verdict } from '../../src/health/health.ts';
import { parseIpAddress } from '../../src/model/ip-address.ts';

/** An address on one port with a verdict; it is ready if the verdict is healthy. */
export function assessed(
  address: string,
  verdict: Verdict,
  traits: Partial<Omit<Assessment, 'ports'>> & { readonly port?: Partial<PortAssessment> } = {},
): Assessment {
  const parsed = parseIpAddress(address);
  if (parsed === undefined) throw new Error(`${address} is no address`);
  const { port, ...rest } = traits;
  return {
    address: parsed,
    priority: 0,
    drained: false,
    refused: false,
    source: 'address',
    ...rest,
    ports: [
      {
        name: 'p',
        port: 5432,
        protocol: 'TCP',
        ready: verdict === 'healthy',
        reason: verdict === 'healthy' ? 'Connected' : 'ConnectionRefused',
        message: '',
        health: healthOf(verdict),
        ...port,
      },
    ],
  };
}

export function healthOf(verdict: Verdict, traits: Partial<Health> = {}): Health {
  return {
    verdict,
    reason: verdict === 'healthy' ? 'Connected' : 'ConnectionRefused',
    message: '',
    streak: 0,
    sinceMs: 0,
    vantageSuspect: false,
    ...traits,
  };
}

/** `10.0.0.1 ready Connected`: a line for each address, to compare policies. */
export function readinessOf(assessments: readonly Assessment[]): string[] {
  return assessments.flatMap(({ address, ports }) =>
    ports.map(({ ready, reason }) => `${address} ${ready ? 'ready' : 'not ready'} ${reason}`),
  );
}

import type { IpAddress } from '../model/ip-address.ts';
import type { HealthCheckSettings, Target, TargetPort } from '../model/target.ts';
import { checkIdOf } from './check-id.ts';
import type { Check, CheckId } from './health.ts';

/** An address of a target, as it came from the list or from DNS. */
export interface AddressToCheck {
  readonly address: IpAddress;
  /** From SRV: stands for every `targetPort` of the target. */
  readonly port?: number;
  /** The name it came from. */
  readonly host?: string;
}

/** What decides whether one port of one address takes traffic. */
export type PortRule =
  /** Its own verdict. */
  | { readonly rule: 'checked'; readonly port: TargetPort; readonly check: Check }
  /** It cannot or shall not be checked itself: it takes traffic while all of these are healthy. */
  | { readonly rule: 'follows'; readonly port: TargetPort; readonly checks: readonly CheckId[] }
  /** Nothing is checked at this address: it counts as healthy, with the reason `NotChecked`. */
  | { readonly rule: 'unchecked'; readonly port: TargetPort; readonly because: string };

/**
 * What decides about each port of a target at one address, in the target's order.
 *
 * Checked are the TCP ports that `healthCheck.ports` names, or all of them. The rest — UDP and SCTP,
 * which tell nobody whether they listen, and TCP ports that were left out — follow the checked ones of
 * the same address. A target without any TCP port, or of kind `none`, is not checked.
 */
export function portRulesOf(target: Target, at: AddressToCheck): PortRule[] {
  const settings = target.healthCheck;
  const checks = new Map<TargetPort, Check>();
  for (const port of target.ports) {
    if (isChecked(port, settings)) checks.set(port, checkOf(settings, at, at.port ?? port.targetPort));
  }
  const ids = [...new Set([...checks.values()].map((check) => check.id))];
  return target.ports.map((port): PortRule => {
    const check = checks.get(port);
    if (check !== undefined) return { rule: 'checked', port, check };
    if (ids.length > 0) return { rule: 'follows', port, checks: ids };
    const because =
      settings.kind.type === 'none' ? 'healthCheck.type is none' : 'there is no TCP port to check';
    return { rule: 'unchecked', port, because };
  });
}

/** Every check that a target needs at these addresses, each once, in the order of addresses and ports. */
export function checksOf(target: Target, addresses: Iterable<AddressToCheck>): Check[] {
  const checks = new Map<CheckId, Check>();
  for (const at of addresses) {
    for (const rule of portRulesOf(target, at)) {
      if (rule.rule === 'checked') checks.set(rule.check.id, rule.check);
    }
  }
  return [...checks.values()];
}

function isChecked(port: TargetPort, settings: HealthCheckSettings): boolean {
  if (port.protocol !== 'TCP' || settings.kind.type === 'none') return false;
  return settings.ports.length === 0 || settings.ports.includes(port.targetPort);
}

function checkOf(settings: HealthCheckSettings, at: AddressToCheck, port: number): Check {
  const where = { address: at.address, port, settings };
  const check = at.host === undefined ? where : { ...where, host: at.host };
  return { id: checkIdOf(check), ...check };
}

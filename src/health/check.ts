import type { IpAddress } from '../model/ip-address.ts';
import type { HealthCheckSettings, Target, TargetPort } from '../model/target.ts';
import { checkIdOf } from './check-id.ts';
import type { Check, CheckId } from './health.ts';

/** An address of a target, from the list or from DNS. */
export interface AddressToCheck {
  readonly address: IpAddress;
  /** From SRV: replaces every `targetPort` of the target. */
  readonly port?: number;
  /** The name that resolved to it. */
  readonly host?: string;
}

/** Decides whether one port of one address takes traffic. */
export type PortRule =
  /** Its own verdict. */
  | { readonly rule: 'checked'; readonly port: TargetPort; readonly check: Check }
  /** It is not checked itself: it takes traffic while all of these are healthy. */
  | { readonly rule: 'follows'; readonly port: TargetPort; readonly checks: readonly CheckId[] }
  /** No port of the address is checked: it counts as healthy, with the reason `NotChecked`. */
  | { readonly rule: 'unchecked'; readonly port: TargetPort; readonly because: string };

/**
 * The rule of each port of a target at one address, in the target's order.
 *
 * The TCP ports in `healthCheck.ports`, or all TCP ports, are checked. Other ports follow the checked ports of the same
 * address: UDP and SCTP ports, which show nobody whether they listen, and TCP ports that are not in the list. A target
 * without TCP ports, or of kind `none`, is not checked.
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
      settings.kind.type === 'none' ? 'healthCheck.type is none' : 'the target has no TCP port to check';
    return { rule: 'unchecked', port, because };
  });
}

/** All checks of a target at these addresses, each once, in the order of addresses and ports. */
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

import type { Hostname } from '../model/hostname.ts';
import type { DnsSettings } from '../model/target.ts';
import type { SystemDnsConfig } from './resolv-conf.ts';
import { serverKey } from './server-registry.ts';
import type { ServerPlan } from './server-round.ts';

/** The DNS servers and options of one target. */
export interface ServerView {
  readonly plan: ServerPlan;
  readonly search: readonly Hostname[];
  readonly ndots: number;
  /** False with `options no-aaaa`: no query for IPv6 addresses is sent. */
  readonly ipv6: boolean;
  /** Differs for views whose answers may differ. */
  readonly key: string;
}

const DEFAULT_TIMEOUT_MS = 2_000;
const DEFAULT_ATTEMPTS = 3;

/**
 * The target's servers, or the system's. resolv.conf's search list and options apply to its own servers only. A
 * target with servers of its own has complete names.
 */
export function viewOf(settings: DnsSettings, systemConfig: () => SystemDnsConfig): ServerView {
  const system = settings.servers.length > 0 ? undefined : systemConfig();
  const known = VIEWS.get(settings);
  if (known !== undefined && known.system === system) return known.view;
  const view = system === undefined ? ownView(settings) : systemView(settings, system);
  VIEWS.set(settings, { system, view });
  return view;
}

/** Settings and resolv.conf change rarely; names are queried all the time. */
const VIEWS = new WeakMap<DnsSettings, { system: SystemDnsConfig | undefined; view: ServerView }>();

function ownView(settings: DnsSettings): ServerView {
  const plan: ServerPlan = {
    servers: settings.servers,
    timeoutMs: settings.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    attempts: settings.attempts ?? DEFAULT_ATTEMPTS,
    rotate: false,
    forceTcp: false,
  };
  return { plan, search: [], ndots: 1, ipv6: true, key: planKey(plan) };
}

function systemView(settings: DnsSettings, system: SystemDnsConfig): ServerView {
  const plan: ServerPlan = {
    servers: system.servers,
    timeoutMs: settings.timeoutMs ?? system.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    attempts: settings.attempts ?? systemAttempts(system) ?? DEFAULT_ATTEMPTS,
    rotate: system.rotate,
    forceTcp: system.useTcp,
  };
  return { plan, search: system.search, ndots: system.ndots, ipv6: !system.noAaaa, key: planKey(plan) };
}

/** resolv.conf counts rounds over all servers; a target counts tries. */
function systemAttempts(system: SystemDnsConfig): number | undefined {
  return system.rounds === undefined ? undefined : Math.max(1, system.rounds) * system.servers.length;
}

function planKey(plan: ServerPlan): string {
  return `${plan.servers.map(serverKey).join(',')} ${plan.timeoutMs} ${plan.attempts}`;
}

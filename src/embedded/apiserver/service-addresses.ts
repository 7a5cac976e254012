import type { AddressFamily } from '../../target/ip-address.ts';
import { ADDRESS_FAMILIES, type Cidr, parseCidr, parseIpAddress } from '../../target/ip-address.ts';
import type { Random } from '../../target/random.ts';
import { type FieldError, invalid } from './field-error.ts';
import { isObject, type JsonObject, listOf, numberOf, objectOf, stringOf } from './json.ts';
import { isHeadless, needsClusterIp, needsNodePort, specOf } from './kinds/service.ts';
import type { Change, Store } from './store.ts';

const NODE_PORTS = { first: 30_000, count: 2768 };

/** Tries at a random free address before the range counts as full. */
const MAX_TRIES = 1000;

/** Gives Services their cluster IPs and node ports (pkg/registry/core/service/storage/alloc.go). */
export class ServiceAddresses {
  readonly #ranges: ReadonlyMap<AddressFamily, Range>;
  readonly #random: Random;
  readonly #usedIps = new Set<string>();
  readonly #usedNodePorts = new Set<number>();

  /** @param cidrs one range, or one of each family; the first one's family is the default. */
  constructor(cidrs: readonly string[], random: Random, store: Store) {
    this.#random = random;
    this.#ranges = new Map(cidrs.map((cidr) => rangeOf(cidr)).map((range) => [range.family, range]));
    store.subscribe((change) => this.#follow(change));
  }

  /** Fills the addresses of a Service that has been validated. Changes `service`. */
  allocate(service: JsonObject, existing: JsonObject | undefined, dryRun: boolean): FieldError[] {
    const spec = specOf(service);
    if (!needsClusterIp(spec)) return [];
    const before = objectOf(existing?.spec);
    const errors = this.#chooseFamilies(spec);
    if (errors.length > 0) return errors;
    if (!isHeadless(spec)) errors.push(...this.#chooseIps(spec, listOf(before.clusterIPs), dryRun));
    if (needsNodePort(spec)) errors.push(...this.#chooseNodePorts(spec, before));
    return errors;
  }

  #chooseFamilies(spec: JsonObject): FieldError[] {
    const families = listOf(spec.ipFamilies).map(stringOf);
    for (const ip of listOf(spec.clusterIPs).slice(families.length)) {
      if (ip !== 'None') families.push(stringOf(ip).includes(':') ? 'IPv6' : 'IPv4');
    }
    const byDefault = [...this.#ranges.keys()][0] ?? 'IPv4';
    if (isHeadless(spec) && Object.keys(objectOf(spec.selector)).length === 0) {
      // Nothing is allocated, and who lists the addresses may list both families (alloc.go:140).
      spec.ipFamilyPolicy ??= 'RequireDualStack';
      spec.ipFamilies = withSecond(families, byDefault, spec.ipFamilyPolicy !== 'SingleStack');
      return [];
    }
    const errors: FieldError[] = [];
    if (spec.ipFamilyPolicy === 'RequireDualStack' && this.#ranges.size < 2) {
      const detail = 'this cluster is not configured for dual-stack services';
      errors.push(invalid('spec.ipFamilyPolicy', 'RequireDualStack', detail));
    }
    for (const [index, family] of families.entries()) {
      if (this.#ranges.has(family as AddressFamily)) continue;
      errors.push(invalid(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
    }
    if (errors.length > 0) return errors;
    spec.ipFamilyPolicy ??= families.length > 1 ? 'RequireDualStack' : 'SingleStack';
    const dual = spec.ipFamilyPolicy !== 'SingleStack' && this.#ranges.size > 1;
    spec.ipFamilies = withSecond(families, byDefault, dual);
    return [];
  }

  #chooseIps(spec: JsonObject, before: readonly unknown[], dryRun: boolean): FieldError[] {
    const asked = listOf(spec.clusterIPs).map(stringOf);
    const chosen: string[] = [];
    for (const [index, family] of listOf(spec.ipFamilies).entries()) {
      const range = this.#ranges.get(family as AddressFamily);
      if (range === undefined) continue;
      const ip = asked[index];
      const problem = ip === undefined || before.includes(ip) ? undefined : this.#problemWith(ip, range);
      if (problem !== undefined) {
        return [invalid('spec.clusterIPs', asked, `failed to allocate IP ${ip}: ${problem}`)];
      }
      // What a dry run would get is not decided: the real server answers with the network's own address.
      const free = ip ?? (dryRun ? range.addressAt(0) : this.#freeIp(range));
      if (free === undefined) {
        return [invalid('spec.clusterIPs', asked, 'failed to allocate a serviceIP: range is full')];
      }
      chosen.push(free);
    }
    spec.clusterIPs = chosen;
    spec.clusterIP = chosen[0];
    return [];
  }

  #problemWith(ip: string, range: Range): string | undefined {
    const address = parseIpAddress(ip);
    if (address === undefined || !range.cidr.contains(address)) {
      return 'the provided network does not match the current range';
    }
    return this.#usedIps.has(ip) ? 'provided IP is already allocated' : undefined;
  }

  #freeIp(range: Range): string | undefined {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      // The first address names the network, the last is the broadcast of an IPv4 one.
      const ip = range.addressAt(1 + this.#random.integer(range.size - 2));
      if (!this.#usedIps.has(ip)) return ip;
    }
    return undefined;
  }

  #chooseNodePorts(spec: JsonObject, before: JsonObject): FieldError[] {
    const own = new Set(listOf(before.ports).map((port) => numberOf(objectOf(port).nodePort)));
    const taken = new Set<number>();
    for (const [index, port] of listOf(spec.ports).entries()) {
      if (!isObject(port)) continue;
      const asked = numberOf(port.nodePort);
      if (asked !== 0 && this.#usedNodePorts.has(asked) && !own.has(asked)) {
        return [invalid(`spec.ports[${index}].nodePort`, asked, 'provided port is already allocated')];
      }
      port.nodePort = asked === 0 ? this.#freeNodePort(taken) : asked;
      taken.add(port.nodePort);
    }
    return [];
  }

  #freeNodePort(taken: ReadonlySet<number>): number {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const port = NODE_PORTS.first + this.#random.integer(NODE_PORTS.count);
      if (!this.#usedNodePorts.has(port) && !taken.has(port)) return port;
    }
    return NODE_PORTS.first;
  }

  #follow(change: Change): void {
    if (change.resource !== 'services') return;
    if (change.before !== undefined) this.#mark(change.before.object, false);
    if (change.type !== 'DELETED') this.#mark(change.stored.object, true);
  }

  #mark(service: JsonObject, used: boolean): void {
    const spec = specOf(service);
    for (const ip of listOf(spec.clusterIPs).map(stringOf)) {
      if (used && ip !== 'None') this.#usedIps.add(ip);
      else this.#usedIps.delete(ip);
    }
    for (const port of listOf(spec.ports).map((one) => numberOf(objectOf(one).nodePort))) {
      if (used && port !== 0) this.#usedNodePorts.add(port);
      else this.#usedNodePorts.delete(port);
    }
  }
}

function withSecond(families: readonly string[], byDefault: AddressFamily, dual: boolean): string[] {
  const first = families[0] ?? byDefault;
  if (families.length > 1) return [...families];
  const other = ADDRESS_FAMILIES.find((family) => family !== first);
  return dual && other !== undefined ? [first, other] : [first];
}

interface Range {
  readonly family: AddressFamily;
  readonly cidr: Cidr;
  /** Addresses in the range, at most 2^20: more than enough to draw from. */
  readonly size: number;
  addressAt(offset: number): string;
}

function rangeOf(text: string): Range {
  const cidr = parseCidr(text);
  const [base = '', prefix = ''] = text.split('/');
  if (cidr === undefined) throw new Error(`not an address range: ${text}`);
  if (base.includes(':')) {
    // Drawn from the last 16 bits only: `base` ends in `::`.
    const addressAt = (offset: number) => (offset === 0 ? base : `${base}${offset.toString(16)}`);
    return { family: 'IPv6', cidr, size: Math.min(2 ** 16, 2 ** (128 - Number(prefix))), addressAt };
  }
  const first = base.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const addressAt = (offset: number) =>
    [24, 16, 8, 0].map((shift) => ((first + offset) >>> shift) & 255).join('.');
  return { family: 'IPv4', cidr, size: Math.min(2 ** 20, 2 ** (32 - Number(prefix))), addressAt };
}

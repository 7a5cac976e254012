import { type AddressFamily, parseIpAddress } from '../../../model/ip-address.ts';
import type { Random } from '../../../time/random.ts';
import { type FieldError, invalid } from '../field-error.ts';
import { isObject, type JsonObject, listOf, numberOf, objectOf, stringOf } from '../json.ts';
import { isHeadless, needsClusterIp, needsNodePort, specOf } from '../kinds/service-spec.ts';
import type { Change, Store } from '../store.ts';
import { type AddressRange, addressRange } from './address-range.ts';
import { chooseFamilies } from './service-families.ts';

const NODE_PORTS = { first: 30_000, count: 2768 };

/** Attempts to find a random free address before the range counts as full. */
const MAX_TRIES = 1000;

/** Allocates the cluster IPs and node ports of Services (pkg/registry/core/service/storage/alloc.go). */
export class ServiceAddresses {
  readonly #ranges: ReadonlyMap<AddressFamily, AddressRange>;
  readonly #random: Random;
  readonly #usedIps = new Set<string>();
  readonly #usedNodePorts = new Set<number>();

  /** @param cidrs one range, or one for each family. The family of the first one is the default. */
  constructor(cidrs: readonly string[], random: Random, store: Store) {
    this.#random = random;
    this.#ranges = new Map(cidrs.map((cidr) => addressRange(cidr)).map((range) => [range.family, range]));
    store.subscribe((change) => this.#follow(change));
  }

  /** Allocates the addresses of a validated Service. Changes `service`. */
  allocate(service: JsonObject, existing: JsonObject | undefined, dryRun: boolean): FieldError[] {
    const spec = specOf(service);
    if (!needsClusterIp(spec)) return [];
    const before = objectOf(existing?.spec);
    const errors = chooseFamilies(spec, [...this.#ranges.keys()]);
    if (errors.length > 0) return errors;
    if (!isHeadless(spec)) errors.push(...this.#chooseIps(spec, listOf(before.clusterIPs), dryRun));
    if (needsNodePort(spec)) errors.push(...this.#chooseNodePorts(spec, before));
    return errors;
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
      // A dry run allocates nothing: the real API server responds with the address of the network.
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

  #problemWith(ip: string, range: AddressRange): string | undefined {
    const address = parseIpAddress(ip);
    if (address === undefined || !range.cidr.contains(address)) {
      return 'the provided network does not match the current range';
    }
    return this.#usedIps.has(ip) ? 'provided IP is already allocated' : undefined;
  }

  #freeIp(range: AddressRange): string | undefined {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      // The first address is the network's, the last one the broadcast address of an IPv4 network.
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
      const problem = asked === 0 || own.has(asked) ? undefined : this.#problemWithNodePort(asked, taken);
      if (problem !== undefined) return [invalid(`spec.ports[${index}].nodePort`, asked, problem)];
      port.nodePort = asked === 0 ? this.#freeNodePort(taken) : asked;
      taken.add(port.nodePort);
    }
    return [];
  }

  #problemWithNodePort(port: number, taken: ReadonlySet<number>): string | undefined {
    const last = NODE_PORTS.first + NODE_PORTS.count - 1;
    if (port < NODE_PORTS.first || port > last) {
      return `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${last}`;
    }
    return this.#usedNodePorts.has(port) || taken.has(port)
      ? 'provided port is already allocated'
      : undefined;
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

import type { ZoneAnswer } from '../../../src/embedded/dns-zone.ts';
import { parseIpAddress } from '../../../src/model/ip-address.ts';

interface Said {
  readonly atMs: number;
  /** `nothing`: NXDOMAIN or NODATA. */
  readonly addresses: ReadonlySet<string> | 'nothing';
}

interface Spoken {
  readonly ever: Set<string>;
  readonly said: Said[];
}

/** As slices have it: a zone may write an IPv6 address in another way. */
function canonical(address: string): string {
  return parseIpAddress(address) ?? address;
}

/** Every true answer of a server. Only an answer may remove an address of a name. */
export class AnswerRecord {
  readonly #byQuestion = new Map<string, Spoken>();
  readonly #targetsOfService = new Map<string, Set<string>>();

  note(name: string, type: string, answer: ZoneAnswer, nowMs: number): void {
    if (type === 'SRV') this.#noteService(name, answer, nowMs);
    if (type !== 'A' && type !== 'AAAA') return;
    const addresses = answer.answers.flatMap(({ record }) =>
      'address' in record ? [canonical(String(record.address))] : [],
    );
    const isAbsence = answer.rcode === 'NXDOMAIN' || answer.authorities.length > 0;
    // A chain of aliases without an end is no answer about addresses.
    if (addresses.length === 0 && !isAbsence) return;
    const spoken = this.#spokenOf(name, type);
    for (const address of addresses) spoken.ever.add(address);
    spoken.said.push({ atMs: nowMs, addresses: addresses.length === 0 ? 'nothing' : new Set(addresses) });
  }

  /** Hosts that an SRV answer of the service ever had. */
  hostsOf(service: string): readonly string[] {
    return [...(this.#targetsOfService.get(service) ?? [])];
  }

  everHad(name: string, address: string): boolean {
    return this.#byQuestion.get(questionOf(name, address))?.ever.has(address) ?? false;
  }

  /** Whether an address was missing in one answer and present in a later one, so that the name may count as rotating. */
  rotated(name: string): boolean {
    return ['A', 'AAAA'].some((type) => {
      const said = this.#byQuestion.get(`${type} ${name}`)?.said ?? [];
      return said.some(({ addresses }, at) => {
        const before = said[at - 1]?.addresses;
        if (addresses === 'nothing' || before === undefined || before === 'nothing') return false;
        return [...addresses].some((each) => !before.has(each));
      });
    });
  }

  /** Whether an answer without the address is older than the hold for its kind. */
  lackedSince(
    name: string,
    address: string,
    nowMs: number,
    hold: { readonly obsoleteMs: number; readonly notFoundMs: number },
  ): boolean {
    const said = this.#byQuestion.get(questionOf(name, address))?.said ?? [];
    return said.some(({ atMs, addresses }) =>
      addresses === 'nothing'
        ? atMs <= nowMs - hold.notFoundMs
        : !addresses.has(address) && atMs <= nowMs - hold.obsoleteMs,
    );
  }

  /** Addresses in the additional section of an SRV answer count as answers about its hosts. */
  #noteService(name: string, answer: ZoneAnswer, nowMs: number): void {
    const hosts = this.#targetsOfService.get(name) ?? new Set();
    this.#targetsOfService.set(name, hosts);
    for (const { record } of answer.answers) if (record.type === 'SRV') hosts.add(record.target);
    const given = Map.groupBy(
      answer.additionals.flatMap(({ owner, record }) => ('address' in record ? [{ owner, record }] : [])),
      ({ owner, record }) => `${record.type} ${owner}`,
    );
    for (const members of given.values()) {
      const [first] = members;
      if (first === undefined) continue;
      const addresses = new Set(members.map(({ record }) => String(record.address)));
      const spoken = this.#spokenOf(first.owner, first.record.type);
      for (const address of addresses) spoken.ever.add(address);
      spoken.said.push({ atMs: nowMs, addresses });
    }
  }

  #spokenOf(name: string, type: string): Spoken {
    const key = `${type} ${name}`;
    const known = this.#byQuestion.get(key) ?? { ever: new Set(), said: [] };
    this.#byQuestion.set(key, known);
    return known;
  }
}

function questionOf(name: string, address: string): string {
  return `${address.includes(':') ? 'AAAA' : 'A'} ${name}`;
}

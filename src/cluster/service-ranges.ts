import type { KubeObject } from '../manifest/kube-object.ts';
import { type Cidr, parseCidr } from '../model/ip-address.ts';
import type { Log } from '../model/log.ts';
import type { Clock } from '../time/clock.ts';
import type { ApiFailure, ObjectStore } from './object-store.ts';

export type RangesReading =
  | { readonly ok: true; readonly cidrs: readonly Cidr[] }
  | { readonly ok: false; readonly failure: ApiFailure };

interface ServiceCidrObject extends KubeObject {
  readonly spec?: { readonly cidrs?: readonly string[] | null };
}

/** The ranges that the cluster takes its own Services' addresses from. Servers before 1.33 do not tell. */
export async function readServiceRanges(store: ObjectStore, signal: AbortSignal): Promise<RangesReading> {
  const listed = await store.list('ServiceCIDR', {}, signal);
  if (!listed.ok) return listed;
  const items = listed.value.items.toSorted(
    (a, b) => rank(a) - rank(b) || (a.metadata.name < b.metadata.name ? -1 : 1),
  );
  const texts = items.flatMap((item) => (item as ServiceCidrObject).spec?.cidrs ?? []);
  return { ok: true, cidrs: [...new Set(texts)].flatMap((text) => parseCidr(text) ?? []) };
}

/** The one that the API server itself keeps comes first: its first range is of the family that Services get. */
function rank({ metadata }: KubeObject): number {
  return metadata.name === 'kubernetes' ? 0 : 1;
}

/**
 * Who may not read the ranges, or whose cluster has none to read, does without them. Any other failure passes, and the
 * ranges are there all the same: an address of theirs must not be published because the server hiccuped.
 */
export function doesWithoutRanges({ reason }: ApiFailure): boolean {
  return reason === 'NotFound' || reason === 'Forbidden';
}

/** What is to be said of ranges that cannot be read; nothing of a server that has none to tell of. */
export function rangesNotes(failure: ApiFailure): readonly ServiceRangesNote[] {
  if (failure.reason === 'NotFound') return [];
  const what = "the ranges of the cluster's own Services (servicecidrs.networking.k8s.io)";
  const text = doesWithoutRanges(failure)
    ? `${what} cannot be read, so their addresses are not recognised; the right to \`list\` them is needed`
    : `${what} cannot be read for the moment; those known so far stay in force, and a worker that has just started waits for them`;
  return [{ reason: 'ServiceRangesUnknown', message: `${text}: ${failure.message}` }];
}

export interface ServiceRangesNote {
  readonly reason: 'ServiceRangesUnknown';
  readonly message: string;
}

/** Ranges are added to a cluster once in years. */
const READ_EVERY_MS = 10 * 60_000;
const TRY_AGAIN_MS = 10_000;
/** While nothing can begin without them. */
const TRY_AT_ONCE_MS = 1_000;

export interface ServiceRangesSettings {
  /** They are others than before. */
  readonly onChange: () => void;
  /** Something that must not happen did. */
  readonly onCrash: (error: unknown) => void;
}

interface ServiceRangesPorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** The ranges as a long-lived worker knows them: read from time to time, and kept while they cannot be read. */
export class ServiceRanges {
  readonly #ports: ServiceRangesPorts;
  readonly #settings: ServiceRangesSettings;
  #known: readonly Cidr[] = [];
  #hasTold = false;
  /** The last reading came to an end that waiting would not change. */
  #hasAnswer = false;
  #dueAtMs = Number.NEGATIVE_INFINITY;
  #underWay: Promise<void> | undefined;

  constructor(ports: ServiceRangesPorts, settings: ServiceRangesSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  get cidrs(): readonly Cidr[] {
    return this.#known;
  }

  /** They are to be read again soon. */
  expire(): void {
    this.#dueAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Reads them if it is time, while the worker goes on. */
  readIfDue(signal: AbortSignal): void {
    if (this.#underWay !== undefined || this.#ports.clock.monotonicNow() < this.#dueAtMs) return;
    this.#underWay = this.#read(signal)
      .then((changed) => {
        if (changed) this.#settings.onChange();
      })
      .catch((error: unknown) => {
        if (!signal.aborted) this.#settings.onCrash(error);
      })
      .finally(() => {
        this.#underWay = undefined;
      });
  }

  /** Resolves when they are known, or when it is known that this cluster has none to tell. */
  async readPatiently(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#read(signal);
      if (this.#hasAnswer) return;
      await this.#ports.clock.sleep(TRY_AT_ONCE_MS, signal);
    }
  }

  /** @returns whether they are others than before. */
  async #read(signal: AbortSignal): Promise<boolean> {
    const { clock, log, store } = this.#ports;
    const reading = await readServiceRanges(store, signal);
    this.#hasAnswer = reading.ok || doesWithoutRanges(reading.failure);
    this.#dueAtMs = clock.monotonicNow() + (this.#hasAnswer ? READ_EVERY_MS : TRY_AGAIN_MS);
    if (!reading.ok) {
      const notes = this.#hasTold ? [] : rangesNotes(reading.failure);
      for (const note of notes) log.warn(note.reason, note.message);
      this.#hasTold ||= notes.length > 0;
      return false;
    }
    this.#hasTold = false;
    const text = (cidrs: readonly Cidr[]) => cidrs.map((cidr) => cidr.text).join(' ');
    const changed = text(reading.cidrs) !== text(this.#known);
    this.#known = reading.cidrs;
    return changed;
  }

  /** Resolves when nothing is being read. */
  async idle(): Promise<void> {
    await this.#underWay;
  }
}

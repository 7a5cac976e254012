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

/** The address ranges of the cluster's own Services. Servers before 1.33 do not publish them. */
export async function readServiceRanges(store: ObjectStore, signal: AbortSignal): Promise<RangesReading> {
  const listed = await store.list('ServiceCIDR', {}, signal);
  if (!listed.ok) return listed;
  const items = listed.value.items.toSorted(
    (a, b) => rank(a) - rank(b) || (a.metadata.name < b.metadata.name ? -1 : 1),
  );
  const texts = items.flatMap((item) => (item as ServiceCidrObject).spec?.cidrs ?? []);
  return { ok: true, cidrs: [...new Set(texts)].flatMap((text) => parseCidr(text) ?? []) };
}

/** The API server's own ServiceCIDR comes first: its first range has the family that Services get. */
function rank({ metadata }: KubeObject): number {
  return metadata.name === 'kubernetes' ? 0 : 1;
}

/**
 * Without the right to read the ranges, or on a server without them, none are known. Any other failure is temporary:
 * then the ranges exist, and an address in them must not be published.
 */
export function doesWithoutRanges({ reason }: ApiFailure): boolean {
  return reason === 'NotFound' || reason === 'Forbidden';
}

/** The warning if ranges cannot be read; none for a server without them. */
export function rangesNotes(failure: ApiFailure): readonly ServiceRangesNote[] {
  if (failure.reason === 'NotFound') return [];
  const what = "the ranges of the cluster's own Services (servicecidrs.networking.k8s.io)";
  const text = doesWithoutRanges(failure)
    ? `${what} cannot be read, so their addresses are not recognised; grant the right to \`list\` them`
    : `${what} cannot be read at the moment; the known ranges stay active, and a worker that has just started waits for them`;
  return [{ reason: 'ServiceRangesUnknown', message: `${text}: ${failure.message}` }];
}

export interface ServiceRangesNote {
  readonly reason: 'ServiceRangesUnknown';
  readonly message: string;
}

/** Ranges of a cluster change very rarely. */
const READ_EVERY_MS = 10 * 60_000;
const TRY_AGAIN_MS = 10_000;
/** The pause between tries while the start waits for the ranges. */
const TRY_AT_ONCE_MS = 1_000;

export interface ServiceRangesSettings {
  /** Called when the ranges have changed. */
  readonly onChange: () => void;
  /** Called with an error that is a defect. */
  readonly onCrash: (error: unknown) => void;
}

interface ServiceRangesPorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The ranges in a long-lived worker. They are read again from time to time; the last known ranges stay while that
 * fails.
 */
export class ServiceRanges {
  readonly #ports: ServiceRangesPorts;
  readonly #settings: ServiceRangesSettings;
  #known: readonly Cidr[] | undefined;
  #hasWarned = false;
  /** The last read has a result that waiting would not change. */
  #hasAnswer = false;
  #dueAtMs = Number.NEGATIVE_INFINITY;
  #underWay: Promise<void> | undefined;

  constructor(ports: ServiceRangesPorts, settings: ServiceRangesSettings) {
    this.#ports = ports;
    this.#settings = settings;
  }

  /** Undefined before anything was read; empty where the cluster does not tell. */
  get cidrs(): readonly Cidr[] | undefined {
    return this.#known;
  }

  /** They were read elsewhere. */
  take(cidrs: readonly Cidr[]): void {
    this.#known = cidrs;
  }

  /** The next read is due soon. */
  expire(): void {
    this.#dueAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Starts a read if one is due. Does not wait for it. */
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

  /** Resolves when the ranges are known, or when the cluster cannot tell them. */
  async readPatiently(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#read(signal);
      if (this.#hasAnswer) return;
      await this.#ports.clock.sleep(TRY_AT_ONCE_MS, signal);
    }
  }

  /** @returns whether the ranges have changed. */
  async #read(signal: AbortSignal): Promise<boolean> {
    const { clock, log, store } = this.#ports;
    const reading = await readServiceRanges(store, signal);
    this.#hasAnswer = reading.ok || doesWithoutRanges(reading.failure);
    this.#dueAtMs = clock.monotonicNow() + (this.#hasAnswer ? READ_EVERY_MS : TRY_AGAIN_MS);
    if (!reading.ok) {
      if (this.#hasAnswer) this.#known ??= [];
      const notes = this.#hasWarned ? [] : rangesNotes(reading.failure);
      for (const note of notes) log.warn(note.reason, note.message);
      this.#hasWarned ||= notes.length > 0;
      return false;
    }
    this.#hasWarned = false;
    const text = (cidrs: readonly Cidr[]) => cidrs.map((cidr) => cidr.text).join(' ');
    const changed = this.#known === undefined || text(reading.cidrs) !== text(this.#known);
    this.#known = reading.cidrs;
    return changed;
  }

  /** Resolves when no read is in flight. */
  async idle(): Promise<void> {
    await this.#underWay;
  }
}

import type { SimProcess } from '../world/sim-process.ts';

/** Drains within this time count as one decision (`docs/adr/0010`). */
const WINDOW_MS = 60_000;

interface Drain {
  readonly key: string;
  readonly address: string;
  readonly atMs: number;
  /** How many addresses of all our Services were ready before this drain. */
  readonly readyBefore: number;
}

/** A verdict from before the loss was decided and written by then. */
const WRITTEN_WITHIN_MS = 10_000;

/** Counts what each process drained by its own verdicts while its machine reached no host. */
export class DrainsWithoutConnectivity {
  readonly #drains = new Map<SimProcess, Drain[]>();

  /**
   * A healthy address has stopped taking traffic because of a verdict of the process. `ready` is how many addresses were
   * ready before.
   *
   * @returns the breach of invariant 10, if this drain is one too many, or leaves the Service without a ready address.
   */
  drained(
    process: SimProcess,
    where: { readonly key: string; readonly address: string; readonly isLast: boolean },
    ready: number,
    maxDrainPercent: number,
    nowMs: number,
  ): string | undefined {
    const { noConnectivitySinceMs } = process.machine;
    if (noConnectivitySinceMs === undefined) return undefined;
    if (where.isLast && nowMs - noConnectivitySinceMs > WRITTEN_WITHIN_MS) {
      return `${process.name} reaches no host, and drained ${where.address}, the last ready address of ${where.key}, which is healthy`;
    }
    const fromMs = Math.max(noConnectivitySinceMs, nowMs - WINDOW_MS);
    const drains = (this.#drains.get(process) ?? []).filter(({ atMs }) => atMs >= fromMs);
    const isKnown = drains.some(({ key, address }) => key === where.key && address === where.address);
    if (!isKnown) drains.push({ key: where.key, address: where.address, atMs: nowMs, readyBefore: ready });
    this.#drains.set(process, drains);
    const targets = new Set(drains.map(({ key }) => key));
    const most = Math.max(...drains.map(({ readyBefore }) => readyBefore));
    const isTooMuch = targets.size > 1 && drains.length > (most * maxDrainPercent) / 100;
    if (!isTooMuch) return undefined;
    const which = drains.map(({ key, address }) => `${address} of ${key}`).join(', ');
    return `${process.name} reaches no host, and drained ${drains.length} of ${most} ready addresses, all of them healthy: ${which}`;
  }
}

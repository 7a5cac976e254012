import type { SimProcess } from '../world/sim-process.ts';

/** Drains within this time count as one decision (`docs/adr/0010`). */
const WINDOW_MS = 60_000;

interface Drain {
  readonly key: string;
  readonly address: string;
  readonly atMs: number;
  /** Ready addresses there were of all Services of ours, before this one went. */
  readonly readyBefore: number;
}

/** Counts what each process drained by its own verdicts while its machine saw no host at all. */
export class DrainsWithoutConnectivity {
  readonly #drains = new Map<SimProcess, Drain[]>();

  /**
   * An address that is well has stopped taking traffic because the process found it unhealthy; `ready`: addresses
   * that were ready in all before. The breach of invariant 10 that this completes, if it does.
   */
  drained(
    process: SimProcess,
    where: { readonly key: string; readonly address: string },
    ready: number,
    maxDrainPercent: number,
    nowMs: number,
  ): string | undefined {
    const { noConnectivitySinceMs } = process.machine;
    if (noConnectivitySinceMs === undefined) return undefined;
    const fromMs = Math.max(noConnectivitySinceMs, nowMs - WINDOW_MS);
    const drains = (this.#drains.get(process) ?? []).filter(({ atMs }) => atMs >= fromMs);
    const isKnown = drains.some(({ key, address }) => key === where.key && address === where.address);
    if (!isKnown) drains.push({ ...where, atMs: nowMs, readyBefore: ready });
    this.#drains.set(process, drains);
    const targets = new Set(drains.map(({ key }) => key));
    const most = Math.max(...drains.map(({ readyBefore }) => readyBefore));
    const isTooMuch = targets.size > 1 && drains.length > (most * maxDrainPercent) / 100;
    if (!isTooMuch) return undefined;
    const which = drains.map(({ key, address }) => `${address} of ${key}`).join(', ');
    return `${process.name} cannot see any host, and drained ${drains.length} of ${most} ready addresses, all of them well: ${which}`;
  }
}

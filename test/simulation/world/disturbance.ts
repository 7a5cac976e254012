import type { Incident } from '../scenario/incident.ts';

/** Incidents of hosts and names alone: they may delay only the targets that use them. */
const OF_OTHERS_ALONE: ReadonlySet<Incident['do']> = new Set(['host', 'name', 'dns']);

/** When the last incident of the product's processes or of the cluster ended. */
export class Disturbance {
  #underWay = 0;
  #lastMs = Number.NEGATIVE_INFINITY;

  begin({ do: what }: Pick<Incident, 'do'>, nowMs: number): void {
    if (OF_OTHERS_ALONE.has(what)) return;
    this.#underWay += 1;
    this.#lastMs = nowMs;
  }

  end({ do: what }: Pick<Incident, 'do'>, nowMs: number): void {
    if (OF_OTHERS_ALONE.has(what)) return;
    this.#underWay -= 1;
    this.#lastMs = nowMs;
  }

  /** An incident without a duration happened. */
  note({ do: what }: Pick<Incident, 'do'>, nowMs: number): void {
    if (!OF_OTHERS_ALONE.has(what)) this.#lastMs = nowMs;
  }

  lastedUntilMs(nowMs: number): number {
    return this.#underWay > 0 ? nowMs : this.#lastMs;
  }
}

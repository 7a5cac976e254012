import type { Incident } from '../scenario/incident.ts';

/** What troubles hosts and names alone, and so may slow nobody down but those who use them. */
const OF_OTHERS_ALONE: ReadonlySet<Incident['do']> = new Set(['host', 'name', 'dns']);

/** When something last stood in the way of the product itself, or of the cluster. */
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

  /** Something happened that has no end of its own. */
  note({ do: what }: Pick<Incident, 'do'>, nowMs: number): void {
    if (!OF_OTHERS_ALONE.has(what)) this.#lastMs = nowMs;
  }

  lastedUntilMs(nowMs: number): number {
    return this.#underWay > 0 ? nowMs : this.#lastMs;
  }
}

import type { DecideOptions } from '../../decide/decide.ts';
import type { Guards } from '../../model/guards.ts';
import type { Target } from '../../model/target.ts';
import type { ObservationLimits } from './observe.ts';

/** One pass over a whole list: what `sync` does once, and `plan` up to the writing. */
export interface PassRequest {
  readonly targets: readonly Target[];
  readonly guards: Guards;
  readonly options: DecideOptions;
  readonly limits: ObservationLimits & {
    /** Counted from the beginning. What is not written by then is left to the next pass. */
    readonly writingTimeoutMs: number;
  };
  /** `write`: carry the plans out. `dryRun`: let the API server judge them. `plan`: send no write at all. */
  readonly mode: 'write' | 'dryRun' | 'plan';
}

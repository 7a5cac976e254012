import type { SourcePart } from '../config/source.ts';

/** One place a target list comes from, for as long as it is followed. */
export interface ListSource {
  /** As it was given on the command line. */
  readonly name: string;
  /**
   * Tells every part as soon as it is known, and again, all of them, whenever one has changed. Goes on
   * until `signal` aborts; then it resolves, or rejects with `signal.reason`. Rejects when `onParts` throws.
   */
  run(onParts: (parts: readonly SourcePart[]) => void, signal: AbortSignal): Promise<void>;
}

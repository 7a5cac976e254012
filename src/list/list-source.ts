import type { SourcePart } from '../config/source.ts';

/** A source of the target list, which is watched. */
export interface ListSource {
  /** As given on the command line. */
  readonly name: string;
  /**
   * Calls `onParts` with all parts at the start, and again with all parts whenever one has changed. Goes on until
   * `signal` aborts; then it resolves, or rejects with `signal.reason`. Rejects when `onParts` throws.
   */
  run(onParts: (parts: readonly SourcePart[]) => void, signal: AbortSignal): Promise<void>;
}

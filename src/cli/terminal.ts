/** Where a command writes. Data goes to `out`, everything about it to `err`. */
export interface Terminal {
  readonly out: TextOutput;
  readonly err: TextOutput;
}

export interface TextOutput {
  write(text: string): void;
  /** A person is looking: progress may be shown and lines be redrawn. */
  readonly isTerminal: boolean;
  readonly colors: boolean;
  /** Characters a line; undefined where nobody counts them. */
  readonly columns: number | undefined;
}

import pc from 'picocolors';

/** The output streams of a command. Results go to `out`; progress, warnings and errors go to `err`. */
export interface Terminal {
  readonly out: TextOutput;
  readonly err: TextOutput;
}

export interface TextOutput {
  write(text: string): void;
  /** Whether the stream is a terminal, so that lines may be redrawn. */
  readonly isTerminal: boolean;
  readonly colors: boolean;
  /** The width of the terminal in characters; undefined when the stream is not a terminal. */
  readonly columns: number | undefined;
}

export type Colors = ReturnType<typeof pc.createColors>;

export function colorsFor(output: TextOutput): Colors {
  return pc.createColors(output.colors);
}

/** A progress line on the terminal. Writes nothing when the output is not a terminal. */
export interface Progress {
  update(step: string, done: number, total: number): void;
  /** Erases the line. */
  end(): void;
}

const BAR_WIDTH = 20;
/** Upper bound on redraws of one step, so that 10,000 checks do not write 10,000 lines. */
const MAX_REDRAWS = 200;
const ERASE_LINE = '\r\u001b[2K';

/** Redrawing needs escape sequences, so the line appears under the same conditions as colours. */
export function progressOn(output: TextOutput): Progress {
  if (!output.colors) return { update: () => undefined, end: () => undefined };
  let drawn = false;
  return {
    update(step, done, total) {
      if (done < total && done % Math.ceil(total / MAX_REDRAWS) !== 0) return;
      const filled = total === 0 ? BAR_WIDTH : Math.round((done / total) * BAR_WIDTH);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
      output.write(`${ERASE_LINE}${step} ${bar} ${done}/${total}`);
      drawn = true;
    },
    end() {
      if (drawn) output.write(ERASE_LINE);
      drawn = false;
    },
  };
}

import pc from 'picocolors';

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

export type Colors = ReturnType<typeof pc.createColors>;

export function colorsFor(output: TextOutput): Colors {
  return pc.createColors(output.colors);
}

/** A line on the terminal that says how far a pass is. Nothing at all where nobody looks. */
export interface Progress {
  update(step: string, done: number, total: number): void;
  /** Takes the line away. */
  end(): void;
}

const BAR_WIDTH = 20;
/** Ten thousand checks are no reason to draw ten thousand lines. */
const MAX_REDRAWS = 200;
const ERASE_LINE = '\r\u001b[2K';

/** The line is redrawn in place, so it needs what colours need: a terminal that is not dumb, and no NO_COLOR. */
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

import type { TextOutput } from './terminal.ts';

/** A line on the terminal that says how far a pass is. Nothing at all where nobody looks. */
export interface Progress {
  update(step: string, done: number, total: number): void;
  /** Takes the line away. */
  end(): void;
}

const BAR_WIDTH = 20;

export function progressOn(output: TextOutput): Progress {
  if (!output.isTerminal) return { update: () => undefined, end: () => undefined };
  let shown = '';
  return {
    update(step, done, total) {
      const filled = total === 0 ? BAR_WIDTH : Math.round((done / total) * BAR_WIDTH);
      const line = `${step} ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${done}/${total}`;
      if (line === shown) return;
      shown = line;
      output.write(`\r\u001b[2K${line}`);
    },
    end() {
      if (shown !== '') output.write('\r\u001b[2K');
      shown = '';
    },
  };
}

import type { Terminal, TextOutput } from '../../../src/cli/rendering/terminal.ts';

/** A terminal that records what was written to it. */
export function collectingTerminal(): {
  readonly terminal: Terminal;
  readonly out: string;
  readonly err: string;
} {
  const texts = { out: '', err: '' };
  const output = (name: 'out' | 'err'): TextOutput => ({
    write: (text) => {
      texts[name] += text;
    },
    isTerminal: false,
    colors: false,
    columns: undefined,
  });
  return {
    terminal: { out: output('out'), err: output('err') },
    get out() {
      return texts.out;
    },
    get err() {
      return texts.err;
    },
  };
}

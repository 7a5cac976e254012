import type { Terminal, TextOutput } from '../../src/cli/rendering/terminal.ts';

export interface RecordedOutput extends TextOutput {
  /** All that was written so far. */
  readonly text: string;
}

export interface RecordingTerminal extends Terminal {
  readonly out: RecordedOutput;
  readonly err: RecordedOutput;
}

/** A terminal that records its output; by default it is a pipe. */
export function recordingTerminal(look: Partial<TextOutput> = {}): RecordingTerminal {
  return { out: recorded(look), err: recorded(look) };
}

function recorded(look: Partial<TextOutput>): RecordedOutput {
  let text = '';
  return {
    isTerminal: false,
    colors: false,
    columns: undefined,
    ...look,
    write: (more) => {
      text += more;
    },
    get text() {
      return text;
    },
  };
}

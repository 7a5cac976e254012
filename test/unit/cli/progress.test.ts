import { describe, expect, it } from 'vitest';
import { progressOn } from '../../../src/cli/rendering/terminal.ts';
import { recordingTerminal } from '../../support/recording-terminal.ts';

const PERSON = { isTerminal: true, colors: true };
const ERASE = '\r\u001b[2K';

describe('progress', () => {
  it('is one line, redrawn in place and erased at the end', () => {
    const { err } = recordingTerminal(PERSON);
    const progress = progressOn(err);
    progress.update('checking', 1, 4);
    progress.update('checking', 4, 4);
    progress.end();
    expect(err.text).toBe(
      `${ERASE}checking █████░░░░░░░░░░░░░░░ 1/4${ERASE}checking ████████████████████ 4/4${ERASE}`,
    );
  });

  it('of zero steps is shown as complete', () => {
    const { err } = recordingTerminal(PERSON);
    progressOn(err).update('resolving', 0, 0);
    expect(err.text).toContain('████████████████████ 0/0');
  });

  it('of 10,000 steps is redrawn 200 times', () => {
    const { err } = recordingTerminal(PERSON);
    const progress = progressOn(err);
    for (let done = 1; done <= 10_000; done++) progress.update('checking', done, 10_000);
    const lines = err.text.split(ERASE);
    expect(lines).toHaveLength(201);
    expect(lines.at(-1)).toContain('10000/10000');
  });

  it('that was never shown is not erased', () => {
    const { err } = recordingTerminal(PERSON);
    progressOn(err).end();
    expect(err.text).toBe('');
  });

  it('is not shown in a file, on a dumb terminal, or with NO_COLOR', () => {
    const { err } = recordingTerminal({ isTerminal: true, colors: false });
    const progress = progressOn(err);
    progress.update('checking', 1, 2);
    progress.end();
    expect(err.text).toBe('');
  });
});

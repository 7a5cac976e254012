import pc from 'picocolors';
import type { TextOutput } from './terminal.ts';

export type Colors = ReturnType<typeof pc.createColors>;

export function colorsFor(output: TextOutput): Colors {
  return pc.createColors(output.colors);
}

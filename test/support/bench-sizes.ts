/** A figure that a bench measured at one size. */
export type Measured = Readonly<Record<string, number>>;

/** The sizes of a bench: `--smoke`, numbers on the command line, or the ones that it has. */
export function sizesOf(args: readonly string[], smoke: number, usual: readonly number[]): readonly number[] {
  const sizes = args.filter((arg) => !arg.startsWith('--')).map(Number);
  if (sizes.some((size) => !Number.isInteger(size) || size < 1))
    throw new Error(`sizes are whole numbers: ${args.join(' ')}`);
  if (sizes.length > 0) return sizes;
  return args.includes('--smoke') ? [smoke] : usual;
}

/**
 * How a figure grows from one size to a larger one: 1 is in proportion, 2 is with the square. Undefined without two
 * sizes.
 */
export function growthExponent(
  figure: string,
  from: Measured | undefined,
  to: Measured | undefined,
): number | undefined {
  const [before, after] = [from?.[figure], to?.[figure]];
  const [small, large] = [from?.targets, to?.targets];
  if (!before || !after || !small || !large || small === large) return undefined;
  return Math.round((Math.log(after / before) / Math.log(large / small)) * 100) / 100;
}

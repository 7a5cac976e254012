/** A share written as `50%`: whole percents from 0 to 100. Undefined when `text` is not that. */
export function parsePercentage(text: string): number | undefined {
  const digits = /^(\d{1,3})%$/.exec(text)?.[1];
  const percent = digits === undefined ? Number.NaN : Number(digits);
  return percent <= 100 ? percent : undefined;
}

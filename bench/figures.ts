/** Medians, ranges and how figures are written. */

/** Gives the middle of some figures. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Writes a number with separators, and with as many digits as say something. */
export function written(figure: number): string {
  const digits = Math.abs(figure) >= 100 ? 0 : Math.abs(figure) >= 10 ? 1 : 2;
  return figure.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** Writes the median and, in parentheses, the range. */
export function spread(figures: readonly number[], unit: string): string {
  const range = `${written(Math.min(...figures))}–${written(Math.max(...figures))}`;
  return `${written(median(figures))}${unit} (${range})`;
}

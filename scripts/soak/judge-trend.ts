export interface Trend {
  readonly mean: number;
  /** Of the straight line through all values, from the first to the last. */
  readonly drift: number;
  /** Standard deviation around that line. */
  readonly scatter: number;
  readonly isFlat: boolean;
}

/** Of the mean: more than that is growth, unless it is lost in the scatter. */
export const mostDriftShare = 0.1;
/** Times the scatter: as much may be chance. */
export const mostDriftScatter = 2;

/**
 * The line of least squares through values taken at equal times, y = a + b i; drift = b (n − 1). Flat when |drift| is at
 * most a tenth of the mean, or at most twice the scatter.
 * @param values at least two
 */
export function judgeTrend(values: readonly number[]): Trend {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const middle = (n - 1) / 2;
  let [together, own] = [0, 0];
  for (const [i, value] of values.entries()) {
    together += (i - middle) * (value - mean);
    own += (i - middle) ** 2;
  }
  const slope = together / own;
  const squares = values.reduce((sum, value, i) => sum + (value - mean - slope * (i - middle)) ** 2, 0);
  const [drift, scatter] = [slope * (n - 1), Math.sqrt(squares / n)];
  const isFlat = Math.abs(drift) <= Math.max(mostDriftShare * mean, mostDriftScatter * scatter);
  return { mean, drift, scatter, isFlat };
}

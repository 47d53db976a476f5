/** Mean of some measurements and how far off it may be. */
export interface MeanInterval {
  readonly mean: number;
  /** Half the width of the 95 % confidence interval of the mean; null for one measurement. */
  readonly halfWidth: number | null;
  readonly count: number;
}

/** 0.975 quantiles of Student's t distribution with 1 … 30 degrees of freedom. */
const quantiles = [
  ...[12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281],
  ...[2.201, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086],
  ...[2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423],
];

/** x̄ ± t₀.₉₇₅(n − 1) · s / √n; beyond 31 measurements t is taken as with 31. @throws RangeError for none */
export function meanInterval(values: readonly number[]): MeanInterval {
  const count = values.length;
  if (count === 0) throw new RangeError('expected at least one measurement');
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { mean, halfWidth: null, count };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const quantile = quantiles[Math.min(count - 1, quantiles.length) - 1];
  return { mean, halfWidth: quantile * Math.sqrt(squares / (count - 1) / count), count };
}

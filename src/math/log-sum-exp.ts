/** A maximum, hard or smooth, with its gradient: ∂value/∂values, which sums to 1. */
export interface Maximum {
  readonly value: number;
  readonly weights: Float64Array;
}

const largest = (values: ArrayLike<number>): number => {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) most = Math.max(most, values[i]);
  return most;
};

/** log Σ exp(z), with the largest z taken out first so that nothing overflows; −∞ with weights 0 for no values. */
export function logSumExp(values: ArrayLike<number>): Maximum {
  const weights = new Float64Array(values.length);
  const most = largest(values);
  if (most === Number.NEGATIVE_INFINITY) return { value: most, weights };
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    weights[i] = Math.exp(values[i] - most);
    sum += weights[i];
  }
  for (let i = 0; i < values.length; i++) weights[i] /= sum;
  return { value: most + Math.log(sum), weights };
}

/** max z, all of its weight on the first of the largest; −∞ with weights 0 for no values. */
export function hardMaximum(values: ArrayLike<number>): Maximum {
  const weights = new Float64Array(values.length);
  const value = largest(values);
  if (value === Number.NEGATIVE_INFINITY) return { value, weights };
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== value) continue;
    weights[i] = 1;
    break;
  }
  return { value, weights };
}

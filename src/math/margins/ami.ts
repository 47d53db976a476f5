import { type Information, InformationMargin } from './information.js';

const logFactorials = (most: number): Float64Array => {
  const logs = new Float64Array(most + 1);
  for (let n = 2; n <= most; n++) logs[n] = logs[n - 1] + Math.log(n);
  return logs;
};

/**
 * Δ = 1 − AMI = 1 − (MI − E[MI]) / ((H₁ + H₂)/2 − E[MI]), E[MI] over random groupings of the same sizes (Vinh, Epps,
 * Bailey 2010, with the arithmetic normaliser). Agreement below chance counts as none: Δ is at most 1.
 *
 * E[MI] is a sum over clusters of what depends on the size of each alone, so a table by size makes a value cost the
 * number of clusters.
 */
export class AmiMargin extends InformationMargin {
  private readonly logs = logFactorials(this.truth.labels.length);
  /** By cluster size, filled as sizes are met. */
  private readonly expected = new Float64Array(this.truth.labels.length + 1).fill(Number.NaN);

  protected index({ clusterEntropy, classEntropy, information }: Information): number {
    let chance = 0;
    for (let c = 0; c < this.sizes.length; c++) chance += this.expectedOfSize(this.sizes[c]);
    const room = (clusterEntropy + classEntropy) / 2 - chance;
    // Groupings of which every shuffle agrees as well: all points alone on both sides.
    if (room < 1e-9 * (1 + classEntropy)) return 1;
    return (information - chance) / room;
  }

  /** What a cluster of `size` points adds to N · E[MI]. */
  private expectedOfSize(size: number): number {
    if (Number.isNaN(this.expected[size])) {
      let sum = 0;
      for (let k = 0; k < this.classSizes.length; k++) sum += this.expectedOfCell(size, this.classSizes[k]);
      this.expected[size] = sum;
    }
    return this.expected[size];
  }

  /** Σ over n of n·log(N·n / (a·b)) · P(n), P hypergeometric: the cell of a cluster of a and a class of b points. */
  private expectedOfCell(a: number, b: number): number {
    const { logs } = this;
    const points = this.truth.labels.length;
    let sum = 0;
    for (let n = Math.max(1, a + b - points); n <= Math.min(a, b); n++) {
      const logProbability =
        logs[a] + logs[b] + logs[points - a] + logs[points - b] - logs[points] - logs[n] - logs[a - n];
      const rest = logs[b - n] + logs[points - a - b + n];
      sum += n * Math.log((points * n) / (a * b)) * Math.exp(logProbability - rest);
    }
    return sum;
  }
}

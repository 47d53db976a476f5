const logFactorials = (most: number): Float64Array => {
  const logs = new Float64Array(most + 1);
  for (let n = 2; n <= most; n++) logs[n] = logs[n - 1] + Math.log(n);
  return logs;
};

/** Entropies of two groupings and their mutual information, all times the number of points N. */
export interface Information {
  readonly clusterEntropy: number;
  readonly classEntropy: number;
  readonly information: number;
}

/**
 * AMI = (MI − E[MI]) / ((H₁ + H₂)/2 − E[MI]), E[MI] over random groupings of the same sizes (Vinh, Epps, Bailey 2010,
 * with the arithmetic normaliser, as scikit-learn).
 *
 * E[MI] is a sum over clusters of what depends on the size of each alone, so a table by size makes a value cost the
 * number of clusters.
 */
export class ExpectedInformation {
  private readonly points: number;
  private readonly logs: Float64Array;
  /** By cluster size, filled as sizes are met. */
  private readonly bySize: Float64Array;

  constructor(private readonly classSizes: Int32Array) {
    this.points = classSizes.reduce((sum, size) => sum + size, 0);
    this.logs = logFactorials(this.points);
    this.bySize = new Float64Array(this.points + 1).fill(Number.NaN);
  }

  /** Of clusters of these sizes with the classes. Groupings of which every shuffle agrees as well, all points alone on both sides: 1. */
  adjust({ clusterEntropy, classEntropy, information }: Information, sizes: Int32Array): number {
    let chance = 0;
    for (let c = 0; c < sizes.length; c++) chance += this.ofSize(sizes[c]);
    const room = (clusterEntropy + classEntropy) / 2 - chance;
    if (room < 1e-9 * (1 + classEntropy)) return 1;
    return (information - chance) / room;
  }

  /** What a cluster of `size` points adds to N · E[MI]. */
  private ofSize(size: number): number {
    if (Number.isNaN(this.bySize[size])) {
      let sum = 0;
      for (let k = 0; k < this.classSizes.length; k++) sum += this.ofCell(size, this.classSizes[k]);
      this.bySize[size] = sum;
    }
    return this.bySize[size];
  }

  /** Σ over n of n·log(N·n / (a·b)) · P(n), P hypergeometric: the cell of a cluster of a and a class of b points. */
  private ofCell(a: number, b: number): number {
    const { logs, points } = this;
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

import { adjustedRandIndex } from './adjusted-rand-index.js';
import { ExpectedInformation } from './expected-information.js';

/** How well two groupings of the same points agree. Symmetric, except for the names of precision and recall. */
export interface Agreement {
  /** Normalised mutual information in 0..1, by either normaliser. */
  readonly nmi: {
    /** MI / √(H₁·H₂): Song et al. 2017, eq. 9. */
    readonly geometric: number;
    /** 2·MI / (H₁ + H₂): scikit-learn's default since 0.22. */
    readonly arithmetic: number;
  };
  /** Harmonic mean of the share of pairs put together that belong together, and of the reverse. */
  readonly f1: number;
  /** Adjusted mutual information: 0 is what chance gives, less is worse than chance (Vinh, Epps, Bailey 2010). */
  readonly ami: number;
  /** Adjusted Rand index: as AMI, of pairs (Hubert, Arabie 1985). */
  readonly ari: number;
}

const pairs = (n: number): number => (n * (n - 1)) / 2;

function countsOf(numbers: Iterable<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  return counts;
}

const entropy = (counts: Map<number, number>, total: number): number => {
  let sum = 0;
  for (const n of counts.values()) sum -= (n / total) * Math.log(n / total);
  return sum;
};

/** Cells of the contingency table that are not empty, so that thousands of clusters and classes fit. */
function contingency(
  clusters: ArrayLike<number>,
  classes: ArrayLike<number>,
): Map<number, Map<number, number>> {
  const cells = new Map<number, Map<number, number>>();
  for (let i = 0; i < clusters.length; i++) {
    const row = cells.get(clusters[i]) ?? new Map<number, number>();
    row.set(classes[i], (row.get(classes[i]) ?? 0) + 1);
    cells.set(clusters[i], row);
  }
  return cells;
}

/**
 * Agreement of a clustering with the classes. Both one group → NMI 1; only one of them → 0. No pair put together, or
 * none that belongs together → F1 0. AMI and ARI as scikit-learn defines them: 1 where no shuffle could agree less.
 * @param clusters [points] @param classes [points], at least one point
 */
export function measureAgreement(clusters: ArrayLike<number>, classes: ArrayLike<number>): Agreement {
  const total = clusters.length;
  const clusterSizes = countsOf(Array.from(clusters));
  const classSizes = countsOf(Array.from(classes));
  let information = 0;
  let pairsRight = 0;
  for (const [cluster, row] of contingency(clusters, classes)) {
    for (const [label, n] of row) {
      const expected = ((clusterSizes.get(cluster) as number) * (classSizes.get(label) as number)) / total;
      information += (n / total) * Math.log(n / expected);
      pairsRight += pairs(n);
    }
  }
  const sumPairs = (sizes: Map<number, number>): number =>
    [...sizes.values()].reduce((sum, n) => sum + pairs(n), 0);
  const clusterPairs = sumPairs(clusterSizes);
  const classPairs = sumPairs(classSizes);
  const trivial = clusterSizes.size === 1 || classSizes.size === 1;
  const whenTrivial = clusterSizes.size === classSizes.size ? 1 : 0;
  const h1 = entropy(clusterSizes, total);
  const h2 = entropy(classSizes, total);
  const nmi = (normaliser: number): number => {
    if (trivial) return whenTrivial;
    return Math.min(1, Math.max(0, information / normaliser));
  };
  return {
    nmi: { geometric: nmi(Math.sqrt(h1 * h2)), arithmetic: nmi((h1 + h2) / 2) },
    // 2PR / (P + R) with P = right / clusters' pairs and R = right / classes' pairs.
    f1: clusterPairs + classPairs === 0 ? 0 : (2 * pairsRight) / (clusterPairs + classPairs),
    ami: trivial
      ? whenTrivial
      : new ExpectedInformation(Int32Array.from(classSizes.values())).adjust(
          { clusterEntropy: total * h1, classEntropy: total * h2, information: total * information },
          Int32Array.from(clusterSizes.values()),
        ),
    ari: adjustedRandIndex({
      both: pairsRight,
      clusters: clusterPairs,
      classes: classPairs,
      all: pairs(total),
    }),
  };
}

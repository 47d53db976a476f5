import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { createRandom } from './random.js';
import { rowOf, squaredDistance, type VectorBlock } from './vectors.js';

/** How far apart embeddings lie, and in how many directions. */
export interface EmbeddingSpread {
  /** Mean Euclidean distance, not squared, of two of them; unit vectors in random directions have √2. */
  readonly meanDistance: number;
  /** Variance along the principal axes, descending: [dimension]. */
  readonly spectrum: Float64Array;
  /** exp(−Σ pₖ log pₖ), pₖ the share of the variance along axis k (Roy & Vetterli 2007); 0 without any variance. */
  readonly effectiveRank: number;
}

/** All pairs are looked at up to this many vectors; of more, a sample of the pairs. */
const mostForAllPairs = 2000;
const sampledPairs = 250_000;

/** Below this total variance, unit vectors in single precision differ by rounding only. */
const noVariance = 1e-12;

function meanDistanceOf(block: VectorBlock, seed: string): number {
  const { count } = block;
  if (count < 2) return 0;
  const distance = (i: number, j: number): number =>
    Math.sqrt(squaredDistance(rowOf(block, i), rowOf(block, j)));
  let sum = 0;
  if (count <= mostForAllPairs) {
    for (let i = 0; i < count; i++) for (let j = 0; j < i; j++) sum += distance(i, j);
    return sum / ((count * (count - 1)) / 2);
  }
  const random = createRandom(seed);
  for (let pair = 0; pair < sampledPairs; pair++) {
    const first = random.integer(count);
    // Of the others, so that no vector is paired with itself.
    const second = (first + 1 + random.integer(count - 1)) % count;
    sum += distance(first, second);
  }
  return sum / sampledPairs;
}

/** Eigenvalues of the covariance XᵀX / n of centred X; those of the smaller XXᵀ / n are the same, but for zeros. */
function spectrumOf({ data, count, dimension }: VectorBlock): Float64Array {
  const spectrum = new Float64Array(dimension);
  if (count < 2) return spectrum;
  const centred = Matrix.from1DArray(count, dimension, data).center('column');
  const transposed = centred.transpose();
  const product = dimension <= count ? transposed.mmul(centred) : centred.mmul(transposed);
  const { realEigenvalues } = new EigenvalueDecomposition(product.div(count), { assumeSymmetric: true });
  const descending = realEigenvalues.map(value => Math.max(0, value)).sort((a, b) => b - a);
  spectrum.set(descending.slice(0, dimension));
  return spectrum;
}

function effectiveRankOf(spectrum: Float64Array): number {
  const total = spectrum.reduce((sum, value) => sum + value, 0);
  if (total < noVariance) return 0;
  let entropy = 0;
  for (const value of spectrum) {
    const share = value / total;
    if (share > 0) entropy -= share * Math.log(share);
  }
  return Math.exp(entropy);
}

/**
 * @param block unit vectors, [n, dimension]; of fewer than two everything is 0
 * @param seed names the sample of pairs, of more than 2,000 vectors
 */
export function embeddingSpread(block: VectorBlock, { seed }: { readonly seed: string }): EmbeddingSpread {
  const spectrum = spectrumOf(block);
  return {
    meanDistance: meanDistanceOf(block, seed),
    spectrum,
    effectiveRank: effectiveRankOf(spectrum),
  };
}

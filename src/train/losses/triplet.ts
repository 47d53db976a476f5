import { z } from 'zod';
import { pairwiseDistances } from '../../math/facility-location.js';
import { gradientOfSquaredDistances } from '../../math/pair-gradients.js';
import { defineLoss, type LossResult } from './loss.js';

const options = z.strictObject({
  margin: z
    .number()
    .gt(0)
    .default(0.2)
    .describe('α: how much farther, in squared distance, a negative should be than a positive'),
  mining: z
    .enum(['all', 'semi-hard', 'batch-hard'])
    .default('semi-hard')
    .describe(
      '`all` triplets; `semi-hard`: of each positive pair with its nearest negative that is farther than the positive, else its farthest; `batch-hard`: of each anchor with its farthest positive and nearest negative',
    ),
});

interface Batch {
  readonly squared: Float64Array; // [m, m]
  readonly count: number;
  readonly labels: ArrayLike<number>;
}

/** Hands on triplets (anchor, positive, negative) of a batch; ties go to the lowest index. */
type Miner = (batch: Batch, visit: (a: number, p: number, n: number) => void) => void;

const everyPositivePair = (
  { count, labels }: Batch,
  visit: (anchor: number, positive: number) => void,
): void => {
  for (let a = 0; a < count; a++) {
    for (let p = 0; p < count; p++) if (p !== a && labels[p] === labels[a]) visit(a, p);
  }
};

/** The candidate of smallest score; none when no score is below infinity. */
function argmin(count: number, score: (candidate: number) => number): number | undefined {
  let best = Number.POSITIVE_INFINITY;
  let chosen: number | undefined;
  for (let candidate = 0; candidate < count; candidate++) {
    const value = score(candidate);
    if (value >= best) continue;
    best = value;
    chosen = candidate;
  }
  return chosen;
}

const all: Miner = (batch, visit) => {
  const { count, labels } = batch;
  everyPositivePair(batch, (a, p) => {
    for (let n = 0; n < count; n++) if (labels[n] !== labels[a]) visit(a, p, n);
  });
};

const semiHard: Miner = (batch, visit) => {
  const { squared, count, labels } = batch;
  everyPositivePair(batch, (a, p) => {
    const row = a * count;
    const negative = (n: number): boolean => labels[n] !== labels[a];
    const n =
      argmin(count, k =>
        negative(k) && squared[row + k] > squared[row + p] ? squared[row + k] : Number.POSITIVE_INFINITY,
      ) ?? argmin(count, k => (negative(k) ? -squared[row + k] : Number.POSITIVE_INFINITY));
    if (n !== undefined) visit(a, p, n);
  });
};

const batchHard: Miner = ({ squared, count, labels }, visit) => {
  for (let a = 0; a < count; a++) {
    const row = a * count;
    const p = argmin(count, k =>
      k !== a && labels[k] === labels[a] ? -squared[row + k] : Number.POSITIVE_INFINITY,
    );
    const n = argmin(count, k => (labels[k] === labels[a] ? Number.POSITIVE_INFINITY : squared[row + k]));
    if (p !== undefined && n !== undefined) visit(a, p, n);
  }
};

const miners = { all, 'semi-hard': semiHard, 'batch-hard': batchHard } as const;

/**
 * Triplet loss (Schroff, Kalenichenko, Philbin, "FaceNet", CVPR 2015; eq. 2 of Song et al. 2017) over the triplets T
 * that `mining` picks:
 *   ℓ = 1/(2|T|) Σ_{(a,p,n)∈T} [D_ap² − D_an² + α]₊
 * which is eq. 2, 3/(2m) Σ, for the m/3 triplets of a batch of disjoint ones. `semi-hard` is FaceNet's n* = argmin
 * {D_an : D_an > D_ap}, falling back to the largest D_an; `batch-hard` is Hermans, Beyer, Leibe 2017, eq. 5, here with
 * squared distances and without their soft margin. Which triplets are picked is a constant of the gradient.
 *
 * Without a positive pair or without a negative, hence in a batch of one class or of distinct ones, T is empty and
 * ℓ = 0. Where all embeddings coincide ℓ = α/2 and the gradient is 0.
 */
export const triplet = defineLoss({
  name: 'triplet',
  summary: 'a negative farther than a positive by α (Schroff et al. 2015; Hermans et al. 2017; eq. 2)',
  options,
  terms: {
    triplets: 'triplets that were mined',
    active: 'share of them that add to ℓ',
  },
  create: ({ margin, mining }) => ({
    normalised: true,
    evaluate(batch, labels): LossResult {
      const { distances, count } = pairwiseDistances(batch);
      const squared = distances.map(distance => distance ** 2);
      const slopes = new Float64Array(count * count);
      let triplets = 0;
      let active = 0;
      let sum = 0;
      miners[mining]({ squared, count, labels }, (a, p, n) => {
        triplets++;
        const violation = squared[a * count + p] - squared[a * count + n] + margin;
        if (violation <= 0) return;
        active++;
        sum += violation;
        slopes[a * count + p]++;
        slopes[a * count + n]--;
      });
      const share = 1 / (2 * Math.max(1, triplets));
      return {
        value: share * sum,
        gradient: gradientOfSquaredDistances(
          batch,
          slopes.map(slope => share * slope),
        ),
        terms: { triplets, active: active / Math.max(1, triplets) },
      };
    },
  }),
});

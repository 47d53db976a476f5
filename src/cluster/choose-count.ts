/** Who chooses how many clusters there are, where nobody has said so. */
export const countChoices = ['elbow', 'silhouette'] as const;
export type CountChoice = (typeof countChoices)[number];

/** What the first medoids of a nested list make of the points: at `k − 1` what the first `k` of them do. */
export interface MedoidCurve {
  /** Sum of distances to the nearest medoid: [medoids]. */
  readonly energies: Float64Array;
  /** Mean of 1 − d₁/d₂ over all points, medoids counting 0: [medoids]. */
  readonly silhouettes: Float64Array;
}

/** Position of the greatest, of equals the first. */
function findGreatest(values: Float64Array): number {
  let greatest = 0;
  for (let at = 1; at < values.length; at++) if (values[at] > values[greatest]) greatest = at;
  return greatest;
}

/**
 * How far each point of the curve of energies lies below the chord from its first to its last, both scaled to 0..1
 * (Kneedle, Satopää et al. 2011, without smoothing: the curve of greedy is convex as it is):
 * 1 − (k − 1)/(K − 1) − (E(k) − E(K))/(E(1) − E(K)). @returns [medoids]
 */
function bendOf(energies: Float64Array): Float64Array {
  const last = energies.length - 1;
  const fall = energies[0] - energies[last];
  // Of a single medoid, or where others bring nothing, there is no bend.
  if (!(fall > 0)) return new Float64Array(energies.length);
  return energies.map((energy, at) => 1 - at / last - (energy - energies[last]) / fall);
}

/**
 * As many clusters as the curve speaks for, of equally good numbers the least: where the energies bend most (`elbow`), or
 * where the silhouettes are greatest (`silhouette`). A medoid counts 0 there, though its own 1 − d₁/d₂ is 1: otherwise
 * as many clusters as points were always best.
 * @param curve of one medoid at least @returns from 1 on
 */
export const chooseCount = ({ energies, silhouettes }: MedoidCurve, by: CountChoice): number =>
  1 + findGreatest(by === 'elbow' ? bendOf(energies) : silhouettes);

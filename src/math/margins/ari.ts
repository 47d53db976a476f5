import { adjustedRandIndex } from '../adjusted-rand-index.js';
import type { DenseLabels } from '../facility-location.js';
import { Margin } from './margin.js';

/** Δ = 1 − ARI. Agreement below chance counts as none: Δ is at most 1. */
export class AriMargin extends Margin {
  constructor(truth: DenseLabels, clusters: number) {
    super(truth, clusters, n => (n * (n - 1)) / 2);
  }

  value(): number {
    const { phi, truth, sizePhi: clusters, cellPhi: both, classPhi: classes } = this;
    const index = adjustedRandIndex({ both, clusters, classes, all: phi[truth.labels.length] });
    return Math.min(1, Math.max(0, 1 - index));
  }
}

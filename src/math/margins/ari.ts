import type { DenseLabels } from '../facility-location.js';
import { Margin } from './margin.js';

/**
 * Δ = 1 − ARI, the adjusted Rand index (Hubert, Arabie 1985): with φ(n) = n(n−1)/2 pairs,
 *   ARI = (Σφ(n_ck) − E) / ((Σφ(n_c) + Σφ(n_k))/2 − E),  E = Σφ(n_c) Σφ(n_k) / φ(N)
 * Agreement below chance counts as none: Δ is at most 1. Where every shuffle agrees as well, Δ is 0.
 */
export class AriMargin extends Margin {
  constructor(truth: DenseLabels, clusters: number) {
    super(truth, clusters, n => (n * (n - 1)) / 2);
  }

  value(): number {
    const { phi, truth, sizePhi, cellPhi, classPhi } = this;
    const total = phi[truth.labels.length];
    if (total === 0) return 0;
    const chance = (sizePhi * classPhi) / total;
    const room = (sizePhi + classPhi) / 2 - chance;
    if (room === 0) return 0;
    return Math.min(1, Math.max(0, 1 - (cellPhi - chance) / room));
  }
}

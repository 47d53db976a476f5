import type { Information } from '../expected-information.js';
import type { DenseLabels } from '../facility-location.js';
import { Margin } from './margin.js';

/**
 * Margins made of mutual information: with φ(n) = n·log n, N·MI = Σφ(n_ck) − Σφ(n_c) − Σφ(n_k) + φ(N) and
 * N·H(clusters) = φ(N) − Σφ(n_c). Both groupings one group → Δ 0; only one of them → 1.
 */
export abstract class InformationMargin extends Margin {
  constructor(truth: DenseLabels, clusters: number) {
    super(truth, clusters, n => (n === 0 ? 0 : n * Math.log(n)));
  }

  /** The index of agreement of two groupings neither of which is one group. */
  protected abstract index(sums: Information): number;

  value(): number {
    const { phi, truth, classPhi } = this;
    const total = phi[truth.labels.length];
    const clusterEntropy = total - this.sizePhi;
    const classEntropy = total - classPhi;
    // Sums of φ are exact only to rounding: entropies within it count as zero.
    const rounding = 1e-9 * (1 + total);
    const oneCluster = clusterEntropy < rounding;
    const oneClass = classEntropy < rounding;
    if (oneCluster || oneClass) return oneCluster && oneClass ? 0 : 1;
    const information = this.cellPhi - this.sizePhi - classPhi + total;
    const index = this.index({ clusterEntropy, classEntropy, information });
    return Math.min(1, Math.max(0, 1 - index));
  }
}

import type { Information } from '../expected-information.js';
import { InformationMargin } from './information.js';

/**
 * Δ = 1 − V, the harmonic mean of homogeneity MI/H(classes) and completeness MI/H(clusters) (Rosenberg, Hirschberg 2007),
 * which is NMI with the arithmetic normaliser: 2·MI / (H₁ + H₂).
 */
export class VMeasureMargin extends InformationMargin {
  protected index({ clusterEntropy, classEntropy, information }: Information): number {
    return (2 * information) / (clusterEntropy + classEntropy);
  }
}

import type { Information } from '../expected-information.js';
import { InformationMargin } from './information.js';

/** Δ = 1 − MI / √(H₁·H₂): the paper's, eq. 8 with the geometric normaliser of eq. 9. */
export class NmiMargin extends InformationMargin {
  protected index({ clusterEntropy, classEntropy, information }: Information): number {
    return information / Math.sqrt(clusterEntropy * classEntropy);
  }
}

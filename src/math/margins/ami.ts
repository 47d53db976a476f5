import { ExpectedInformation, type Information } from '../expected-information.js';
import { InformationMargin } from './information.js';

/** Δ = 1 − AMI. Agreement below chance counts as none: Δ is at most 1. */
export class AmiMargin extends InformationMargin {
  private readonly expected = new ExpectedInformation(this.classSizes);

  protected index(sums: Information): number {
    return this.expected.adjust(sums, this.sizes);
  }
}

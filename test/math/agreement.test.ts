import { describe, expect, it } from 'vitest';
import { measureAgreement } from '../../src/math/agreement.js';
import { denseLabels } from '../../src/math/facility-location.js';
import { createRandom } from '../../src/math/random.js';
import { naiveMargin } from '../oracles/naive-inference.js';

describe('agreement of a clustering with the classes', () => {
  it('has the reference values of both normalisers', () => {
    const { nmi } = measureAgreement([0, 0, 0, 0, 1, 1, 2, 2], [0, 0, 0, 0, 0, 0, 1, 1]);
    expect(nmi.geometric).toBeCloseTo(0.735426, 6);
    expect(nmi.arithmetic).toBeCloseTo(0.702017, 6);
  });

  it('has the F1 worked out by hand', () => {
    // Put together: 2 pairs, 1 of them right; belonging together: 3 pairs. P = 1/2, R = 1/3, F1 = 0.4.
    expect(measureAgreement([0, 0, 1, 1, 2], [0, 0, 0, 1, 2]).f1).toBeCloseTo(0.4, 12);
  });

  it('counts the same pairs as looking at every pair', () => {
    const random = createRandom('pairs');
    for (let trial = 0; trial < 20; trial++) {
      const clusters = Array.from({ length: 40 }, () => random.integer(5));
      const classes = Array.from({ length: 40 }, () => random.integer(6));
      let [together, belong, right] = [0, 0, 0];
      for (let i = 0; i < 40; i++) {
        for (let j = 0; j < i; j++) {
          const isTogether = clusters[i] === clusters[j];
          const isBelonging = classes[i] === classes[j];
          if (isTogether) together++;
          if (isBelonging) belong++;
          if (isTogether && isBelonging) right++;
        }
      }
      const [precision, recall] = [right / together, right / belong];
      const agreement = measureAgreement(clusters, classes);
      expect(agreement.f1).toBeCloseTo((2 * precision * recall) / (precision + recall), 12);
      expect(1 - agreement.nmi.geometric).toBeCloseTo(naiveMargin(clusters, denseLabels(classes)), 12);
    }
  });

  it.each([
    ['both are one group', [3, 3, 3], [1, 1, 1], 1],
    ['only the clustering is one group', [3, 3, 3], [1, 2, 1], 0],
    ['only the classes are one group', [1, 2, 1], [3, 3, 3], 0],
  ])('has its defined NMI when %s', (_, clusters, classes, expected) => {
    const { nmi } = measureAgreement(clusters, classes);
    expect([nmi.geometric, nmi.arithmetic]).toEqual([expected, expected]);
  });

  it('is whole for equal groupings under other names, and F1 0 when no pair is together', () => {
    const same = measureAgreement([5, 5, 9, 9], [1, 1, 0, 0]);
    expect(same.nmi.geometric).toBeCloseTo(1, 12);
    expect(same.f1).toBe(1);
    expect(measureAgreement([0, 1, 2], [0, 1, 2]).f1).toBe(0);
  });
});

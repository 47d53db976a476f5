import { describe, expect, it } from 'vitest';
import { measureAgreement } from '../../src/math/agreement.js';
import { denseLabels } from '../../src/math/facility-location.js';
import { createRandom } from '../../src/math/random.js';
import { naiveIndex } from '../oracles/naive-agreement.js';
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

  it('has the ARI and AMI worked out by hand, below chance too', () => {
    // Pairs: 28; together in clusters 6 + 1 + 1 = 8, in classes 15 + 1 = 16, in both 8; by chance 8·16/28 = 32/7.
    const { ari } = measureAgreement([0, 0, 0, 0, 1, 1, 2, 2], [0, 0, 0, 0, 0, 0, 1, 1]);
    expect(ari).toBeCloseTo((8 - 32 / 7) / (12 - 32 / 7), 12);
    // Two pairs each, none the same. 6 pairs, by chance 2·2/6 = 2/3: ARI = (0 − 2/3) / (2 − 2/3) = −1/2. MI is 0; of the
    // three ways to pair four points one has MI log 2, so E[MI] = log 2 / 3 and AMI = (0 − 1/3) / (1 − 1/3) = −1/2.
    const crossed = measureAgreement([0, 1, 0, 1], [0, 0, 1, 1]);
    expect(crossed.ari).toBeCloseTo(-0.5, 12);
    expect(crossed.ami).toBeCloseTo(-0.5, 12);
    // H₁ = log 2 = MI, H₂ = 3/2·log 2. Of the shuffles, 1 in 3 keeps the pair together (MI log 2), the others split it
    // (MI half that): E[MI] = 2/3·log 2, AMI = (1 − 2/3) / (5/4 − 2/3) = 4/7. ARI = (1 − 2/6) / (3/2 − 2/6) = 4/7.
    const finer = measureAgreement([0, 0, 1, 1], [0, 0, 1, 2]);
    expect(finer.ami).toBeCloseTo(4 / 7, 12);
    expect(finer.ari).toBeCloseTo(4 / 7, 12);
  });

  it('has the AMI and ARI of their naive twins', () => {
    const random = createRandom('adjusted');
    for (let trial = 0; trial < 60; trial++) {
      const draw = () => Array.from({ length: 2 + (trial % 30) }, () => random.integer(1 + (trial % 9)));
      const [clusters, classes] = [draw(), draw()];
      const { ami, ari } = measureAgreement(clusters, classes);
      expect(ami).toBeCloseTo(naiveIndex('ami', clusters, classes), 9);
      expect(ari).toBeCloseTo(naiveIndex('ari', clusters, classes), 9);
    }
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
  ])('has its defined NMI, AMI and ARI when %s', (_, clusters, classes, expected) => {
    const { nmi, ami, ari } = measureAgreement(clusters, classes);
    expect([nmi.geometric, nmi.arithmetic, ami, ari]).toEqual([expected, expected, expected, expected]);
  });

  it('is whole for equal groupings under other names, and F1 0 when no pair is together', () => {
    const same = measureAgreement([5, 5, 9, 9], [1, 1, 0, 0]);
    expect(same.nmi.geometric).toBeCloseTo(1, 12);
    expect(same.ami).toBeCloseTo(1, 12);
    expect([same.f1, same.ari]).toEqual([1, 1]);
    expect(measureAgreement([0, 1, 2], [0, 1, 2])).toMatchObject({ f1: 0, ami: 1, ari: 1 });
  });
});

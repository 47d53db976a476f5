import { describe, expect, it } from 'vitest';
import { facilityLocation } from '../../../src/train/losses/facility-location.js';
import { blockOf } from '../../fixtures/batches.js';
import { plane as reference } from '../../fixtures/reference-points.js';

const createLoss = (options: Record<string, unknown> = {}) =>
  facilityLocation.create(facilityLocation.options.parse(options));

const plane = blockOf(reference.points);
const planeLabels = reference.labels;

describe('the facility-location loss (eq. 6)', () => {
  it.each([
    [0, 1.236068],
    [1, 0.469868],
    [5, 2.34934],
  ])('has the reference value at γ = %d', (gamma, expected) => {
    const result = createLoss({ gamma, gammaPer: 'batch' }).evaluate(plane, planeLabels, { epoch: 0 });
    expect(result.value).toBeCloseTo(expected, 6);
    expect(result.terms.oracleEnergy).toBeCloseTo(-8.064495, 6);
    expect(result.terms.nmi + result.terms.margin).toBeCloseTo(1, 12);
  });

  it('decays γ by epoch and scales it by the batch when asked', () => {
    const terms = (options: object, epoch: number) =>
      createLoss({ ...options }).evaluate(plane, planeLabels, { epoch }).terms;
    expect(terms({ gamma: 2, gammaPer: 'batch', gammaDecay: 0.5 }, 3).gamma).toBe(0.25);
    expect(terms({ gamma: 2, gammaPer: 'sample', gammaDecay: 0.5 }, 1).gamma).toBe(8);
  });

  it.each([
    ['one class', [3, 3, 3, 3, 3, 3, 3, 3]],
    ['all classes distinct', [0, 1, 2, 3, 4, 5, 6, 7]],
  ])('is 0 with gradient 0 for a batch of %s', (_, labels) => {
    const result = createLoss({ gamma: 10 }).evaluate(plane, labels, { epoch: 0 });
    expect(result.value).toBe(0);
    expect(result.gradient.every(value => value === 0)).toBe(true);
  });

  it('shows the NMI of its clustering whatever the margin, and uses none without one', () => {
    const terms = (margin: string) =>
      createLoss({ margin, gammaPer: 'batch' }).evaluate(plane, planeLabels, { epoch: 0 }).terms;
    for (const margin of ['ami', 'ari', 'v-measure']) expect(terms(margin).nmi).toBeCloseTo(0.530132, 6);
    // Arithmetic NMI is at most the geometric one, and adjusting for chance takes away more.
    expect(terms('v-measure').margin).toBeGreaterThanOrEqual(terms('nmi').margin);
    expect(terms('ami').margin).toBeGreaterThan(terms('v-measure').margin);
    expect(terms('none')).toMatchObject({ gamma: 0, nmi: expect.closeTo(0.779437, 6) });
  });

  it('refuses a value out of range', () => {
    expect(() => createLoss({ gammaDecay: 1.5 })).toThrow();
  });
});

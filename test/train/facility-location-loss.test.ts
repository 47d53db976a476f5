import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import type { VectorBlock } from '../../src/math/vectors.js';
import { facilityLocation } from '../../src/train/losses/facility-location.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';

const createLoss = (options: Record<string, unknown> = {}) =>
  facilityLocation.create(facilityLocation.options.parse(options));

/** Slopes of the value to the left and to the right of each coordinate, by a step that float32 holds exactly enough. */
function oneSidedSlopes(value: (batch: VectorBlock) => number, batch: VectorBlock): [number, number][] {
  const step = 2 ** -10;
  const centre = value(batch);
  return Array.from(batch.data, (x, i) => {
    const shifted = (by: number): number => {
      const data = batch.data.slice();
      data[i] = x + by;
      return value({ ...batch, data });
    };
    return [(centre - shifted(-step)) / step, (shifted(step) - centre) / step];
  });
}

const plane = blockOf([
  [0, 0],
  [1, 0],
  [0, 2],
  [4, 0],
  [5, 1],
  [4, 3],
  [2, 2],
  [3, 3],
]);
const planeLabels = [0, 0, 0, 1, 1, 1, 2, 2];

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

  it('has the gradient of finite differences (eq. 11)', () => {
    for (let trial = 0; trial < 8; trial++) {
      const random = createRandom(`gradient/${trial}`);
      const { block, labels } = randomBatch(random, { count: 14, classes: 4, dimension: 5 });
      const loss = createLoss({ gamma: 0.3 });
      const { gradient, value } = loss.evaluate(block, labels, { epoch: 0 });
      expect(value).toBeGreaterThan(0);
      const slopes = oneSidedSlopes(batch => loss.evaluate(batch, labels, { epoch: 0 }).value, block);
      // Where the two sides differ, the step crosses to another S and the value has a kink.
      const smooth = slopes.flatMap(([left, right], i) => (Math.abs(left - right) < 0.02 ? [i] : []));
      expect(smooth.length / slopes.length).toBeGreaterThan(0.8);
      for (const i of smooth)
        expect(Math.abs((slopes[i][0] + slopes[i][1]) / 2 - gradient[i])).toBeLessThan(2e-3);
    }
  });

  it('does not depend on the order of the batch', () => {
    const random = createRandom('order');
    const { block, labels } = randomBatch(random, { count: 20, classes: 5, dimension: 6 });
    const order = random.shuffle(labels.map((_, i) => i));
    const loss = createLoss();
    const before = loss.evaluate(block, labels, { epoch: 0 });
    const shuffled = blockOf(order.map(i => [...block.data.subarray(i * 6, i * 6 + 6)]));
    const after = loss.evaluate(
      shuffled,
      order.map(i => labels[i]),
      { epoch: 0 },
    );
    expect(after.value).toBeCloseTo(before.value, 9);
    for (const [to, from] of order.entries()) {
      for (let d = 0; d < 6; d++) {
        expect(after.gradient[to * 6 + d]).toBeCloseTo(before.gradient[from * 6 + d], 5);
      }
    }
  });

  it.each([
    ['one class', [3, 3, 3, 3, 3, 3, 3, 3]],
    ['all classes distinct', [0, 1, 2, 3, 4, 5, 6, 7]],
  ])('is 0 with gradient 0 for a batch of %s', (_, labels) => {
    const result = createLoss({ gamma: 10 }).evaluate(plane, labels, { epoch: 0 });
    expect(result.value).toBe(0);
    expect(result.gradient.every(value => value === 0)).toBe(true);
  });

  it('stays finite when embeddings coincide', () => {
    const same = blockOf(planeLabels.map(() => [0.6, 0.8]));
    const result = createLoss({ gamma: 1 }).evaluate(same, planeLabels, { epoch: 0 });
    expect(Number.isFinite(result.value)).toBe(true);
    expect(result.gradient.every(Number.isFinite)).toBe(true);
    const twins = blockOf(planeLabels.map((label, i) => [label, i % 2]));
    const pulled = createLoss({ gamma: 1 }).evaluate(twins, planeLabels, { epoch: 0 });
    expect(pulled.gradient.every(Number.isFinite)).toBe(true);
  });

  it('takes a batch of one image', () => {
    expect(createLoss().evaluate(blockOf([[1, 0]]), [7], { epoch: 0 }).value).toBe(0);
  });

  it('refuses a misspelt option and a value out of range', () => {
    expect(() => createLoss({ gama: 1 })).toThrow(/gama/);
    expect(() => createLoss({ gammaDecay: 1.5 })).toThrow();
  });
});

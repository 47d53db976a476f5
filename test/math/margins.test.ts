import { describe, expect, it } from 'vitest';
import { measureAgreement } from '../../src/math/agreement.js';
import { denseLabels } from '../../src/math/facility-location.js';
import { type MarginName, margins } from '../../src/math/margins/index.js';
import { createRandom } from '../../src/math/random.js';
import { naiveMargin } from '../oracles/naive-inference.js';

const names = Object.keys(margins) as MarginName[];

function marginOf(name: MarginName, clusters: readonly number[], classes: readonly number[]): number {
  const margin = new margins[name](denseLabels(classes), Math.max(...clusters) + 1);
  margin.reset(Int32Array.from(clusters));
  return margin.value();
}

const permutations = <T>(items: readonly T[]): T[][] =>
  items.length === 0
    ? [[]]
    : items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map(rest => [item, ...rest]));

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe.each(names)('the margin by %s, kept by difference', name => {
  it('equals the margin computed afresh after random moves', () => {
    const random = createRandom('moves');
    const truth = denseLabels(Array.from({ length: 30 }, () => random.integer(7)));
    const margin = new margins[name](truth, 6);
    const assignment = new Int32Array(30);
    margin.reset(assignment);
    for (let move = 0; move < 500; move++) {
      const point = random.integer(30);
      const to = random.integer(6);
      margin.move(point, assignment[point], to);
      assignment[point] = to;
      expect(margin.value()).toBeCloseTo(naiveMargin(assignment, truth, name), 9);
    }
  });

  it('is 0 for the classes under other names, 1 at chance and never above', () => {
    expect(marginOf(name, [2, 2, 0, 0, 1, 1], [0, 0, 1, 1, 2, 2])).toBeCloseTo(0, 12);
    expect(marginOf(name, [0, 1, 0, 1], [0, 0, 1, 1])).toBeCloseTo(1, 12);
    const random = createRandom(name);
    for (let trial = 0; trial < 200; trial++) {
      const draw = () => Array.from({ length: 8 }, () => random.integer(4));
      const value = marginOf(name, draw(), draw());
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
  });

  it('is 0 when both sides are one cluster or all alone, and 1 when only one is one cluster', () => {
    expect(marginOf(name, [0, 0, 0], [5, 5, 5])).toBe(0);
    expect(marginOf(name, [1, 0, 0], [5, 5, 5])).toBe(1);
    expect(marginOf(name, [0, 0, 0], [5, 5, 6])).toBe(1);
    expect(marginOf(name, [2, 1, 0], [5, 6, 7])).toBeCloseTo(0, 12);
    expect(marginOf(name, [0], [3])).toBe(0);
  });

  it('comes back to the sums it had before moves were tried', () => {
    const margin = new margins[name](denseLabels([0, 0, 1, 1, 2]), 3);
    margin.reset(Int32Array.of(0, 0, 1, 2, 2));
    const before = margin.value();
    const mark = margin.mark();
    margin.move(0, 0, 2);
    expect(margin.value()).not.toBe(before);
    margin.move(0, 2, 0);
    margin.restore(mark);
    expect(margin.value()).toBe(before);
  });
});

describe('the indices behind the margins', () => {
  const clusters = [0, 0, 0, 0, 1, 1, 2, 2];
  const classes = [0, 0, 0, 0, 0, 0, 1, 1];

  it('have the reference values', () => {
    // PAPER.md: NMI geometric and arithmetic of these.
    expect(marginOf('nmi', clusters, classes)).toBeCloseTo(1 - 0.735426, 6);
    expect(marginOf('v-measure', clusters, classes)).toBeCloseTo(1 - 0.702017, 6);
    // Pairs: 28; together in clusters 6 + 1 + 1 = 8, in classes 15 + 1 = 16, in both 8; by chance 8·16/28 = 32/7.
    // ARI = (8 − 32/7) / (12 − 32/7) = 24/52.
    expect(marginOf('ari', clusters, classes)).toBeCloseTo(1 - 24 / 52, 12);
  });

  it('make v-measure equal the arithmetic NMI of the evaluations', () => {
    const random = createRandom('v');
    for (let trial = 0; trial < 50; trial++) {
      const draw = (groups: number) => Array.from({ length: 20 }, () => random.integer(groups));
      const [a, b] = [draw(5), draw(4)];
      expect(1 - marginOf('v-measure', a, b)).toBeCloseTo(measureAgreement(a, b).nmi.arithmetic, 9);
    }
  });

  it('correct AMI and ARI by the mean over every shuffle', () => {
    const [a, b] = [
      [0, 0, 0, 1, 1, 2],
      [0, 0, 1, 1, 1, 1],
    ];
    const shuffles = permutations(a);
    const entropy = (sizes: readonly number[]): number =>
      sizes.reduce((sum, n) => sum - (n / 6) * Math.log(n / 6), 0);
    const h = (entropy([3, 2, 1]) + entropy([2, 4])) / 2;
    // Arithmetic NMI is MI / h, so the mean of the one is the mean of the other.
    const information = (groups: readonly number[]): number => measureAgreement(groups, b).nmi.arithmetic * h;
    const chance = mean(shuffles.map(information));
    expect(marginOf('ami', a, b)).toBeCloseTo(1 - (information(a) - chance) / (h - chance), 9);
    const together = (groups: readonly number[]): number =>
      groups.flatMap((g, i) => groups.slice(i + 1).filter((o, k) => o === g && b[i] === b[i + 1 + k])).length;
    const expected = mean(shuffles.map(together));
    // Pairs together in a: 3 + 1, in b: 1 + 6; the most there could be is their mean, 5.5.
    expect(marginOf('ari', a, b)).toBeCloseTo(1 - (together(a) - expected) / (5.5 - expected), 9);
  });
});

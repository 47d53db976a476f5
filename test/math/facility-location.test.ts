import { describe, expect, it } from 'vitest';
import {
  assignToMedoids,
  denseLabels,
  facilityEnergy,
  oracleClustering,
  pairwiseDistances,
} from '../../src/math/facility-location.js';
import { inferAugmentedClustering } from '../../src/math/loss-augmented-inference.js';
import { type MarginName, margins } from '../../src/math/margins/index.js';
import { createRandom } from '../../src/math/random.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';
import { plane } from '../fixtures/reference-points.js';
import { bruteForceClustering, naiveAugmentedClustering } from '../oracles/naive-inference.js';

const line = {
  points: [-11, -10, -8, 0, 1, 2, 9, 10, 11].map(x => [x]),
  labels: [1, 1, 1, 2, 2, 2, 0, 0, 0],
};

const solve = (
  { points, labels }: { points: number[][]; labels: number[] },
  gamma: number,
  pamSweeps: number,
) => {
  const matrix = pairwiseDistances(blockOf(points));
  const truth = denseLabels(labels);
  const oracle = oracleClustering(matrix, truth);
  const found = inferAugmentedClustering(matrix, truth, { gamma, pamSweeps });
  return { ...found, oracle, loss: Math.max(0, found.objective - oracle.energy) };
};

describe('facility location on the reference points', () => {
  it('scores the true classes by their best medoids (eq. 5)', () => {
    expect(solve(plane, 0, 0).oracle.energy).toBeCloseTo(-8.064495, 6);
    expect([...solve(line, 0, 0).oracle.medoids]).toEqual([1, 4, 7]);
  });

  it('stops greedy at S = [6, 3, 0] without margin', () => {
    const found = solve(plane, 0, 0);
    expect([...found.medoids]).toEqual([6, 3, 0]);
    expect(found.objective).toBeCloseTo(-8.064495, 6);
    expect(found.loss).toBeCloseTo(0, 6);
  });

  it('reaches the true maximum with PAM', () => {
    const found = solve(plane, 0, 5);
    expect([...found.medoids]).toEqual([7, 3, 0]);
    expect(found.objective).toBeCloseTo(-6.828427, 6);
    expect(found.loss).toBeCloseTo(1.236068, 6);
    expect(1 - found.margin).toBeCloseTo(0.779437, 6);
  });

  it.each([
    [1, 0.469868],
    [5, 2.34934],
  ])('answers γ = %d with loss %d', (gamma, loss) => {
    const found = solve(plane, gamma, 5);
    expect([...found.medoids]).toEqual([6, 3, 0]);
    expect(1 - found.margin).toBeCloseTo(0.530132, 6);
    expect(found.loss).toBeCloseTo(loss, 6);
  });

  it('is content with well separated classes for every γ from 0 to 50', () => {
    for (let gamma = 0; gamma <= 50; gamma++) {
      const found = solve(line, gamma, 5);
      expect([...found.medoids].sort((a, b) => a - b)).toEqual([1, 4, 7]);
      expect(found.energy).toBeCloseTo(-7, 12);
      expect(found.loss).toBeCloseTo(0, 12);
    }
  });
});

describe('loss-augmented inference', () => {
  it.each([
    [8, 3, 0],
    [8, 3, 2],
    [24, 6, 1],
    [24, 6, 24],
    [40, 30, 5],
    [40, 10, 0],
    [64, 16, 64],
  ])('chooses as its naive twin does: %d points, %d classes, γ = %d', (count, classes, gamma) => {
    for (let trial = 0; trial < 12; trial++) {
      const random = createRandom(`${count}/${classes}/${gamma}/${trial}`);
      const { block, labels } = randomBatch(random, { count, classes, dimension: 4 });
      const matrix = pairwiseDistances(block);
      const truth = denseLabels(labels);
      for (const pamSweeps of [0, 5]) {
        const fast = inferAugmentedClustering(matrix, truth, { gamma, pamSweeps });
        const naive = naiveAugmentedClustering(matrix, truth, { gamma, pamSweeps });
        expect([...fast.medoids]).toEqual(naive.medoids);
        expect(fast.objective).toBeCloseTo(naive.objective, 9);
        expect([...fast.assignment]).toEqual([...assignToMedoids(matrix, fast.medoids)]);
      }
    }
  });

  it.each(Object.keys(margins) as MarginName[])('chooses as its naive twin does by %s', margin => {
    for (let trial = 0; trial < 12; trial++) {
      const random = createRandom(`${margin}/${trial}`);
      const { block, labels } = randomBatch(random, { count: 24, classes: 6, dimension: 3 });
      const matrix = pairwiseDistances(block);
      const truth = denseLabels(labels);
      const options = { gamma: 12, pamSweeps: 5, margin };
      const fast = inferAugmentedClustering(matrix, truth, options);
      const naive = naiveAugmentedClustering(matrix, truth, options);
      expect([...fast.medoids]).toEqual(naive.medoids);
      expect(fast.objective).toBeCloseTo(naive.objective, 9);
    }
  });

  it('breaks ties as its naive twin does on points of a grid', () => {
    const random = createRandom('grid');
    for (let trial = 0; trial < 60; trial++) {
      const points = Array.from({ length: 14 }, () => [random.integer(3), random.integer(3)]);
      const labels = points.map(() => random.integer(4));
      const matrix = pairwiseDistances(blockOf(points));
      const truth = denseLabels(labels);
      for (const gamma of [0, 1, 14]) {
        const fast = inferAugmentedClustering(matrix, truth, { gamma, pamSweeps: 5 });
        const naive = naiveAugmentedClustering(matrix, truth, { gamma, pamSweeps: 5 });
        expect([...fast.medoids]).toEqual(naive.medoids);
      }
    }
  });

  it('finds the brute-force maximum of tiny batches most of the time, and never beats it', () => {
    let greedyHits = 0;
    let pamHits = 0;
    const trials = 200;
    for (let trial = 0; trial < trials; trial++) {
      const random = createRandom(`brute/${trial}`);
      const { block, labels } = randomBatch(random, { count: 9, classes: 3, dimension: 2 });
      const matrix = pairwiseDistances(block);
      const truth = denseLabels(labels);
      const gamma = trial % 4;
      const best = bruteForceClustering(matrix, truth, gamma);
      const greedy = inferAugmentedClustering(matrix, truth, { gamma, pamSweeps: 0 });
      const refined = inferAugmentedClustering(matrix, truth, { gamma, pamSweeps: 5 });
      expect(refined.objective).toBeLessThanOrEqual(best + 1e-9);
      expect(refined.objective).toBeGreaterThanOrEqual(greedy.objective - 1e-9);
      if (greedy.objective > best - 1e-9) greedyHits++;
      if (refined.objective > best - 1e-9) pamHits++;
    }
    expect(greedyHits / trials).toBeGreaterThan(0.25);
    expect(pamHits / trials).toBeGreaterThan(0.6);
    expect(pamHits).toBeGreaterThan(greedyHits);
  });

  it('keeps every medoid in its own cluster when points coincide', () => {
    const matrix = pairwiseDistances(blockOf([[0], [0], [0], [0], [1]]));
    const truth = denseLabels([0, 1, 2, 0, 1]);
    const found = inferAugmentedClustering(matrix, truth, { gamma: 1, pamSweeps: 5 });
    expect(new Set(found.medoids).size).toBe(3);
    for (const [position, medoid] of found.medoids.entries()) expect(found.assignment[medoid]).toBe(position);
  });
});

describe('energies', () => {
  it('sums the distance to the nearest medoid over all points (eq. 4)', () => {
    const matrix = pairwiseDistances(blockOf([[0], [3], [10]]));
    expect(facilityEnergy(matrix, [0])).toBe(-13);
    expect(facilityEnergy(matrix, [0, 2])).toBe(-3);
    expect(facilityEnergy(matrix, [0, 1, 2])).toBeCloseTo(0, 12);
  });
});

import { denseLabels, pairwiseDistances } from '../../src/math/facility-location.js';
import type { MarginName } from '../../src/math/margins/index.js';
import { blockOf } from '../fixtures/batches.js';
import { naiveAugmentedClustering } from './naive-inference.js';

/** The losses as their papers write them: loops over images, no sums shared, nothing stabilised. */

export interface NaiveBatch {
  readonly x: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly classVectors: readonly (readonly number[])[];
  readonly number: (option: string) => number;
  readonly choice: (option: string) => string;
}

type Point = readonly number[];

const dot = (a: Point, b: Point): number => a.reduce((sum, value, d) => sum + value * b[d], 0);
const distance = (a: Point, b: Point): number => Math.hypot(...a.map((value, d) => value - b[d]));
const cosine = (x: Point, w: Point): number => (dot(w, w) === 0 ? 0 : dot(x, w) / Math.hypot(...w));
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : sum(values) / values.length);
const positivePart = (value: number): number => Math.max(0, value);

const everyone = ({ y }: NaiveBatch): number[] => y.map((_, i) => i);
const friends = (batch: NaiveBatch, i: number): number[] =>
  everyone(batch).filter(k => k !== i && batch.y[k] === batch.y[i]);
const strangers = (batch: NaiveBatch, i: number): number[] =>
  everyone(batch).filter(k => batch.y[k] !== batch.y[i]);

function contrastive(batch: NaiveBatch): number {
  const { x, y, number } = batch;
  const pair = (i: number, j: number): number => {
    const d = distance(x[i], x[j]);
    return y[i] === y[j] ? d * d : positivePart(number('margin') - d) ** 2;
  };
  // Every pair is met in both orders.
  return (
    sum(everyone(batch).flatMap(i => everyone(batch).map(j => (i === j ? 0 : pair(i, j) / 2)))) / x.length
  );
}

function triplet(batch: NaiveBatch): number {
  const { x, number, choice } = batch;
  const squared = (i: number, j: number): number => distance(x[i], x[j]) ** 2;
  const violation = (a: number, p: number, n: number): number =>
    positivePart(squared(a, p) - squared(a, n) + number('margin'));
  const byDistance = (a: number, others: number[]): number[] =>
    others.sort((k, l) => squared(a, k) - squared(a, l) || k - l);
  const violations = everyone(batch).flatMap(a => {
    const positives = byDistance(a, friends(batch, a));
    const negatives = byDistance(a, strangers(batch, a));
    if (positives.length === 0 || negatives.length === 0) return [];
    if (choice('mining') === 'batch-hard') return [violation(a, positives.at(-1) as number, negatives[0])];
    return positives.flatMap(p => {
      if (choice('mining') === 'all') return negatives.map(n => violation(a, p, n));
      const farther = negatives.find(n => squared(a, n) > squared(a, p));
      return [violation(a, p, farther ?? (negatives.at(-1) as number))];
    });
  });
  return mean(violations) / 2;
}

function liftedStructure(batch: NaiveBatch): number {
  const { x, number, choice } = batch;
  const gaps = (i: number): number[] => strangers(batch, i).map(k => number('margin') - distance(x[i], x[k]));
  const pairs = everyone(batch).flatMap(i => friends(batch, i).map(j => [i, j] as const));
  const values = pairs.map(([i, j]) => {
    const both = [...gaps(i), ...gaps(j)];
    const push = choice('variant') === 'exact' ? Math.max(...both) : Math.log(sum(both.map(Math.exp)));
    return positivePart(push + distance(x[i], x[j])) ** 2;
  });
  return mean(values) / 2;
}

function nPair(batch: NaiveBatch): number {
  const { x, y, number } = batch;
  const pairs = [...new Set(y)]
    .map(label => everyone(batch).filter(i => y[i] === label))
    .filter(images => images.length >= 2);
  const terms = pairs.map(([anchor, positive]) => {
    const others = pairs.filter(([a]) => a !== anchor);
    return Math.log(
      1 + sum(others.map(([, p]) => Math.exp(dot(x[anchor], x[p]) - dot(x[anchor], x[positive])))),
    );
  });
  return mean(terms) + (number('regularisation') / 4) * mean(x.map(f => dot(f, f)));
}

function multiSimilarity(batch: NaiveBatch): number {
  const { x, number } = batch;
  const [alpha, beta, base, epsilon] = ['alpha', 'beta', 'base', 'epsilon'].map(number);
  const anchors = everyone(batch).map(i => {
    const s = (k: number): number => dot(x[i], x[k]);
    const [positives, negatives] = [friends(batch, i), strangers(batch, i)];
    const hardPositives = positives.filter(p => negatives.some(n => s(p) < s(n) + epsilon));
    const hardNegatives = negatives.filter(n => positives.some(p => s(n) > s(p) - epsilon));
    return (
      Math.log(1 + sum(hardPositives.map(p => Math.exp(-alpha * (s(p) - base))))) / alpha +
      Math.log(1 + sum(hardNegatives.map(n => Math.exp(beta * (s(n) - base))))) / beta
    );
  });
  return mean(anchors);
}

function supervisedContrastive(batch: NaiveBatch): number {
  const { x, number } = batch;
  const weight = (i: number, k: number): number => Math.exp(dot(x[i], x[k]) / number('temperature'));
  const anchors = everyone(batch).filter(i => friends(batch, i).length > 0);
  return mean(
    anchors.map(i => {
      const all = sum(
        everyone(batch)
          .filter(k => k !== i)
          .map(k => weight(i, k)),
      );
      return mean(friends(batch, i).map(p => -Math.log(weight(i, p) / all)));
    }),
  );
}

function proxyAnchor(batch: NaiveBatch): number {
  const { x, y, classVectors, number } = batch;
  const [alpha, delta] = ['alpha', 'margin'].map(number);
  const pull = (c: number): number => {
    const own = x.filter((_, i) => y[i] === c);
    return Math.log(1 + sum(own.map(f => Math.exp(-alpha * (cosine(f, classVectors[c]) - delta)))));
  };
  const push = (c: number): number => {
    const others = x.filter((_, i) => y[i] !== c);
    return Math.log(1 + sum(others.map(f => Math.exp(alpha * (cosine(f, classVectors[c]) + delta)))));
  };
  return mean([...new Set(y)].map(pull)) + mean(classVectors.map((_, c) => push(c)));
}

function normalisedSoftmax({ x, y, classVectors, number }: NaiveBatch): number {
  const weight = (f: Point, c: number): number =>
    Math.exp(cosine(f, classVectors[c]) / number('temperature'));
  return mean(x.map((f, i) => -Math.log(weight(f, y[i]) / sum(classVectors.map((_, c) => weight(f, c))))));
}

function facilityLocation(batch: NaiveBatch): number {
  const { x, y, number, choice } = batch;
  const gamma = number('gamma') * (choice('gammaPer') === 'sample' ? x.length : 1);
  const oracle = sum(
    [...new Set(y)].map(label => {
      const members = x.filter((_, i) => y[i] === label);
      return -Math.min(...members.map(medoid => sum(members.map(f => distance(f, medoid)))));
    }),
  );
  const none = choice('margin') === 'none';
  const { objective } = naiveAugmentedClustering(pairwiseDistances(blockOf(x)), denseLabels(y), {
    gamma: none ? 0 : gamma,
    pamSweeps: number('pamSweeps'),
    margin: none ? 'nmi' : (choice('margin') as MarginName),
  });
  return positivePart(objective - oracle);
}

/** In epoch 0. */
export const naiveLosses: Readonly<Record<string, (batch: NaiveBatch) => number>> = {
  'facility-location': facilityLocation,
  contrastive,
  triplet,
  'lifted-structure': liftedStructure,
  'n-pair': nPair,
  'multi-similarity': multiSimilarity,
  'supervised-contrastive': supervisedContrastive,
  'proxy-anchor': proxyAnchor,
  'normalised-softmax': normalisedSoftmax,
};

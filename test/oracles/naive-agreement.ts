import type { MarginName } from '../../src/math/margins/index.js';

/** Indices of agreement straight from their definitions: pairs counted one by one, entropies from shares. */

type Groups = ArrayLike<number>;

function shares(groups: Groups): Map<number, number> {
  const result = new Map<number, number>();
  for (let i = 0; i < groups.length; i++) {
    result.set(groups[i], (result.get(groups[i]) ?? 0) + 1 / groups.length);
  }
  return result;
}

const entropy = (groups: Groups): number =>
  [...shares(groups).values()].reduce((sum, p) => sum - p * Math.log(p), 0);

/** Both groupings at once, as one of pairs. */
const joint = (a: Groups, b: Groups): number[] =>
  Array.from({ length: a.length }, (_, i) => a[i] * 1e6 + b[i]);

const mutualInformation = (a: Groups, b: Groups): number => entropy(a) + entropy(b) - entropy(joint(a, b));

const binomial = (n: number, k: number): number => {
  if (k < 0 || k > n) return 0;
  let product = 1;
  for (let i = 1; i <= k; i++) product = (product * (n - k + i)) / i;
  return product;
};

/** E[MI]: every cluster with every class, by how probable each size of their overlap is. */
function expectedInformation(a: Groups, b: Groups): number {
  const n = a.length;
  let sum = 0;
  for (const p of shares(a).values()) {
    for (const q of shares(b).values()) {
      const [size, other] = [Math.round(p * n), Math.round(q * n)];
      for (let overlap = 1; overlap <= Math.min(size, other); overlap++) {
        const ways = binomial(size, overlap) * binomial(n - size, other - overlap);
        sum += (ways / binomial(n, other)) * (overlap / n) * Math.log((n * overlap) / (size * other));
      }
    }
  }
  return sum;
}

function adjustedRand(a: Groups, b: Groups): number {
  let [both, first, second, total] = [0, 0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    for (let j = i + 1; j < a.length; j++) {
      total++;
      if (a[i] === a[j]) first++;
      if (b[i] === b[j]) second++;
      if (a[i] === a[j] && b[i] === b[j]) both++;
    }
  }
  const chance = (first * second) / total;
  const most = (first + second) / 2;
  return total === 0 || most === chance ? 1 : (both - chance) / (most - chance);
}

function vMeasure(clusters: Groups, classes: Groups): number {
  const homogeneity = 1 - (entropy(joint(clusters, classes)) - entropy(clusters)) / entropy(classes);
  const completeness = 1 - (entropy(joint(clusters, classes)) - entropy(classes)) / entropy(clusters);
  const sum = homogeneity + completeness;
  return sum < 1e-12 ? 0 : (2 * homogeneity * completeness) / sum;
}

function adjustedInformation(a: Groups, b: Groups): number {
  const expected = expectedInformation(a, b);
  const room = (entropy(a) + entropy(b)) / 2 - expected;
  return room < 1e-10 ? 1 : (mutualInformation(a, b) - expected) / room;
}

const indices: Record<MarginName, (clusters: Groups, classes: Groups) => number> = {
  nmi: (a, b) => mutualInformation(a, b) / Math.sqrt(entropy(a) * entropy(b)),
  'v-measure': vMeasure,
  ami: adjustedInformation,
  ari: adjustedRand,
};

/** The index itself; both one group → 1, only one of them → 0. */
export function naiveIndex(name: MarginName, clusters: Groups, classes: Groups): number {
  const [groups, others] = [shares(clusters).size, shares(classes).size];
  if (groups === 1 || others === 1) return groups === others ? 1 : 0;
  return indices[name](clusters, classes);
}

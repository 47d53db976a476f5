import {
  assignToMedoids,
  type DenseLabels,
  type DistanceMatrix,
  facilityEnergy,
} from './facility-location.js';
import { type MarginName, margins } from './margins/index.js';
import type { Margin } from './margins/margin.js';

export interface InferenceOptions {
  /** Weight γ of the margin; 0 leaves plain facility location. */
  readonly gamma: number;
  /** Most PAM sweeps after the greedy start; 0 stops at greedy. The paper uses 5. */
  readonly pamSweeps: number;
  /** Δ is 1 − this index of agreement, NMI unless given. */
  readonly margin?: MarginName;
}

export interface AugmentedClustering {
  /** S, in the order of the clusters: [classes]. */
  readonly medoids: Int32Array;
  /** g(S), eq. 7: [points]. */
  readonly assignment: Int32Array;
  /** F(X, S), eq. 4. */
  readonly energy: number;
  /** Δ(g(S), y*), eq. 8. */
  readonly margin: number;
  /** F + γΔ, what eq. 6 maximises. */
  readonly objective: number;
}

/** Sums that differ by less than this share are taken for equal, so that ties go to the lowest index. */
const tieTolerance = 1e-10;
const isBetter = (value: number, index: number, best: number, bestIndex: number): boolean => {
  const tolerance = tieTolerance * (1 + Math.abs(best));
  return value > best + tolerance || (value > best - tolerance && index < bestIndex);
};

/**
 * max over S of F(X, S) + γ Δ(g(S), y*) with |S| = number of classes (inner problem of eq. 6), by the greedy start
 * and the PAM refinement of the paper's algorithms 1 and 2.
 *
 * The nearest medoid of each point and the contingency table follow by difference, so a candidate costs the number of
 * points it would take, and none at all when even Δ = 1 could not make it the best: about O(n² log n) for the greedy
 * and O(n²) a sweep, where the definition costs O(n²·|S|·(|S| + |Y|)).
 */
export function inferAugmentedClustering(
  matrix: DistanceMatrix,
  truth: DenseLabels,
  { gamma, pamSweeps, margin: name = 'nmi' }: InferenceOptions,
): AugmentedClustering {
  const margin = new margins[name](truth, truth.classes);
  const medoids = greedyMedoids(matrix, margin, { gamma, clusters: truth.classes });
  for (let sweep = 0; sweep < pamSweeps; sweep++)
    if (!sweepMedoids(matrix, margin, { gamma, medoids })) break;
  const assignment = assignToMedoids(matrix, medoids);
  margin.reset(assignment);
  const energy = facilityEnergy(matrix, medoids);
  const value = margin.value();
  return { medoids, assignment, energy, margin: value, objective: energy + gamma * value };
}

/** The best first medoid: with one cluster the margin is the same for all. */
function firstMedoid({ distances, count }: DistanceMatrix): number {
  let best = Number.NEGATIVE_INFINITY;
  let chosen = count;
  for (let j = 0; j < count; j++) {
    let energy = 0;
    for (let i = 0; i < count; i++) energy -= distances[j * count + i];
    if (isBetter(energy, j, best, chosen)) {
      best = energy;
      chosen = j;
    }
  }
  return chosen;
}

/** Algorithm 1: |S| times the candidate that gains most. */
function greedyMedoids(
  matrix: DistanceMatrix,
  margin: Margin,
  { gamma, clusters }: { gamma: number; clusters: number },
): Int32Array {
  const greedy = new Greedy(matrix, firstMedoid(matrix));
  margin.reset(greedy.assignment);
  const medoids = new Int32Array(clusters);
  medoids[0] = greedy.first;
  for (let position = 1; position < clusters; position++) {
    const added = bestCandidate(greedy, margin, { gamma, position });
    medoids[position] = added;
    for (const i of greedy.takes(added)) margin.move(i, greedy.assignment[i], position);
    greedy.add(added, position);
  }
  return medoids;
}

/**
 * The greedy's state. `takes(j)` lists the points that would be nearer to j than to any medoid yet (and j itself).
 * A list only ever shrinks as medoids are added, so it is filtered in place and each round costs its length, not n.
 */
class Greedy {
  readonly assignment: Int32Array;
  readonly gains: Float64Array;
  private readonly nearest: Float64Array;
  private readonly chosen: Uint8Array;
  private readonly lists: Int32Array; // [n, n]
  private readonly lengths: Int32Array;

  constructor(
    private readonly matrix: DistanceMatrix,
    readonly first: number,
  ) {
    const { distances, count } = matrix;
    this.assignment = new Int32Array(count);
    this.gains = new Float64Array(count);
    this.nearest = distances.slice(first * count, (first + 1) * count);
    this.chosen = new Uint8Array(count);
    this.chosen[first] = 1;
    this.lists = new Int32Array(count * count);
    this.lengths = new Int32Array(count).fill(count);
    for (let k = 0; k < this.lists.length; k++) this.lists[k] = k % count;
    for (let j = 0; j < count; j++) this.refresh(j);
  }

  get count(): number {
    return this.matrix.count;
  }

  isCandidate(j: number): boolean {
    return this.chosen[j] === 0;
  }

  takes(j: number): Int32Array {
    return this.lists.subarray(j * this.count, j * this.count + this.lengths[j]);
  }

  energy(): number {
    return -this.nearest.reduce((sum, distance) => sum + distance, 0);
  }

  add(j: number, position: number): void {
    const row = j * this.count;
    for (const i of this.takes(j)) {
      this.assignment[i] = position;
      this.nearest[i] = Math.min(this.nearest[i], this.matrix.distances[row + i]);
    }
    this.chosen[j] = 1;
    for (let c = 0; c < this.count; c++) if (this.chosen[c] === 0) this.refresh(c);
  }

  /** Filters the list of j; gains[j] = Σ_i max(0, nearest_i − D_ij), how much the energy rises when j is added. */
  private refresh(j: number): void {
    const { nearest, lists } = this;
    const { distances, count } = this.matrix;
    const row = j * count;
    let length = 0;
    let gain = 0;
    for (let k = row; k < row + this.lengths[j]; k++) {
      const i = lists[k];
      const rise = nearest[i] - distances[row + i];
      if (rise <= 0 && i !== j) continue;
      lists[row + length++] = i;
      gain += rise;
    }
    this.lengths[j] = length;
    this.gains[j] = gain;
  }
}

/** The candidate of largest F + γΔ; the one of largest gain goes first, so that many others need no margin. */
function bestCandidate(
  greedy: Greedy,
  margin: Margin,
  { gamma, position }: { gamma: number; position: number },
): number {
  const { gains, assignment, count } = greedy;
  const energy = greedy.energy();
  const slack = 1e-9 * (1 + Math.abs(energy));

  const evaluate = (j: number): number => {
    if (gamma === 0) return energy + gains[j];
    const taken = greedy.takes(j);
    const mark = margin.mark();
    for (let m = 0; m < taken.length; m++) margin.move(taken[m], assignment[taken[m]], position);
    const value = energy + gains[j] + gamma * margin.value();
    for (let m = 0; m < taken.length; m++) margin.move(taken[m], position, assignment[taken[m]]);
    margin.restore(mark);
    return value;
  };

  let promising = -1;
  for (let j = 0; j < count; j++) {
    if (greedy.isCandidate(j) && (promising < 0 || gains[j] > gains[promising])) promising = j;
  }
  let bestIndex = promising;
  let best = evaluate(promising);
  for (let j = 0; j < count; j++) {
    if (!greedy.isCandidate(j) || j === promising || energy + gains[j] + gamma + slack < best) continue;
    const value = evaluate(j);
    if (isBetter(value, j, best, bestIndex)) {
      best = value;
      bestIndex = j;
    }
  }
  return bestIndex;
}

/** Nearest and second nearest medoid of each point, as positions; a medoid is nearest to itself whatever ties. */
class TwoNearest {
  readonly first: Int32Array;
  readonly second: Int32Array;
  readonly firstDistance: Float64Array;
  readonly secondDistance: Float64Array;

  constructor(
    private readonly matrix: DistanceMatrix,
    private readonly medoids: Int32Array,
  ) {
    const { count } = matrix;
    this.first = new Int32Array(count);
    this.second = new Int32Array(count);
    this.firstDistance = new Float64Array(count);
    this.secondDistance = new Float64Array(count);
    for (let i = 0; i < count; i++) this.update(i);
  }

  /** Recomputes point i. */
  update(i: number): void {
    const { medoids, matrix } = this;
    let first = -1;
    let second = -1;
    let firstDistance = Number.POSITIVE_INFINITY;
    let secondDistance = Number.POSITIVE_INFINITY;
    for (let position = 0; position < medoids.length; position++) {
      const medoid = medoids[position];
      const distance = medoid === i ? -1 : matrix.distances[i * matrix.count + medoid];
      if (distance < firstDistance) {
        second = first;
        secondDistance = firstDistance;
        first = position;
        firstDistance = distance;
      } else if (distance < secondDistance) {
        second = position;
        secondDistance = distance;
      }
    }
    this.first[i] = first;
    this.second[i] = second;
    this.firstDistance[i] = firstDistance;
    this.secondDistance[i] = secondDistance;
  }

  /** The cluster of point i if cluster `position` had `candidate` as its medoid. */
  clusterWith(i: number, position: number, candidate: number): number {
    if (i === candidate) return position;
    const distance = this.matrix.distances[candidate * this.matrix.count + i];
    const stays = this.first[i] !== position;
    const rival = stays ? this.first[i] : this.second[i];
    const rivalDistance = stays ? this.firstDistance[i] : this.secondDistance[i];
    return distance < rivalDistance || (distance === rivalDistance && position < rival) ? position : rival;
  }

  /** After the medoid of `position` changed from `before`: recomputes the points that it can concern. */
  replaced(position: number, before: number): void {
    const { matrix, medoids } = this;
    const row = medoids[position] * matrix.count;
    for (let i = 0; i < matrix.count; i++) {
      const known = this.first[i] === position || this.second[i] === position;
      if (
        known ||
        i === before ||
        i === medoids[position] ||
        matrix.distances[row + i] <= this.secondDistance[i]
      ) {
        this.update(i);
      }
    }
  }
}

/**
 * Algorithm 2, one sweep in place: for each cluster in turn the member j that maximises
 * −Σ_{i∈cluster} D_ij + γΔ(g(S with j as that cluster's medoid)); members as assigned when the sweep began.
 * @returns whether a medoid changed
 */
function sweepMedoids(
  matrix: DistanceMatrix,
  margin: Margin,
  { gamma, medoids }: { gamma: number; medoids: Int32Array },
): boolean {
  const { distances, count } = matrix;
  const assigned = assignToMedoids(matrix, medoids);
  const current = assigned.slice();
  margin.reset(current);
  const two = new TwoNearest(matrix, medoids);
  const members = membersOf(assigned, medoids.length);

  const evaluate = (j: number, position: number): number => {
    let energy = 0;
    for (const i of members[position]) energy -= distances[j * count + i];
    if (gamma === 0) return energy;
    const mark = margin.mark();
    const undo: number[] = [];
    for (let i = 0; i < count; i++) {
      const to = two.clusterWith(i, position, j);
      if (to === current[i]) continue;
      margin.move(i, current[i], to);
      undo.push(i, to);
    }
    const value = energy + gamma * margin.value();
    for (let u = 0; u < undo.length; u += 2) margin.move(undo[u], undo[u + 1], current[undo[u]]);
    margin.restore(mark);
    return value;
  };

  let changed = false;
  for (let position = 0; position < medoids.length; position++) {
    let best = Number.NEGATIVE_INFINITY;
    let chosen = count;
    for (const j of members[position]) {
      const value = evaluate(j, position);
      if (isBetter(value, j, best, chosen)) {
        best = value;
        chosen = j;
      }
    }
    if (chosen === medoids[position]) continue;
    changed = true;
    const before = medoids[position];
    medoids[position] = chosen;
    two.replaced(position, before);
    for (let i = 0; i < count; i++) {
      if (two.first[i] === current[i]) continue;
      margin.move(i, current[i], two.first[i]);
      current[i] = two.first[i];
    }
  }
  return changed;
}

function membersOf(assignment: Int32Array, clusters: number): number[][] {
  const members: number[][] = Array.from({ length: clusters }, () => []);
  for (let i = 0; i < assignment.length; i++) members[assignment[i]].push(i);
  return members;
}

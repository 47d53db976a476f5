import type { DenseLabels } from '../facility-location.js';

/**
 * The structured margin Δ(g(S), y*) of eq. 8, 1 − an index of agreement, over a contingency table that is kept up to
 * date by difference.
 *
 * With n_c the cluster sizes, n_k the class sizes and n_ck the cells of the table, every index here needs no more than
 * Σφ(n_ck), Σφ(n_c) and Σφ(n_k) for some φ with φ(0) = 0. Moving a point changes two cells and two sizes, so the sums
 * follow in O(1) with a table of φ.
 */
export abstract class Margin {
  protected readonly sizes: Int32Array; // [clusters]
  protected readonly classSizes: Int32Array; // [classes]
  protected readonly phi: Float64Array; // [points + 1]
  protected readonly classPhi: number;
  protected sizePhi = 0;
  protected cellPhi = 0;
  private readonly cells: Int32Array; // [clusters, classes]

  constructor(
    protected readonly truth: DenseLabels,
    clusters: number,
    phi: (n: number) => number,
  ) {
    const points = truth.labels.length;
    this.cells = new Int32Array(clusters * truth.classes);
    this.sizes = new Int32Array(clusters);
    this.phi = Float64Array.from({ length: points + 1 }, (_, n) => phi(n));
    this.classSizes = new Int32Array(truth.classes);
    for (const label of truth.labels) this.classSizes[label]++;
    this.classPhi = this.classSizes.reduce((sum, size) => sum + this.phi[size], 0);
  }

  /** Δ in 0..1: 0 when the clusters are the classes. */
  abstract value(): number;

  /** Starts over from an assignment: [points]. */
  reset(assignment: Int32Array): void {
    this.cells.fill(0);
    this.sizes.fill(0);
    this.sizePhi = 0;
    this.cellPhi = 0;
    for (let i = 0; i < assignment.length; i++) this.insert(i, assignment[i]);
  }

  move(point: number, from: number, to: number): void {
    if (from === to) return;
    const { cells, sizes, phi, truth } = this;
    const label = truth.labels[point];
    const fromCell = from * truth.classes + label;
    const toCell = to * truth.classes + label;
    this.cellPhi +=
      phi[cells[fromCell] - 1] - phi[cells[fromCell]] + phi[cells[toCell] + 1] - phi[cells[toCell]];
    this.sizePhi += phi[sizes[from] - 1] - phi[sizes[from]] + phi[sizes[to] + 1] - phi[sizes[to]];
    cells[fromCell]--;
    cells[toCell]++;
    sizes[from]--;
    sizes[to]++;
  }

  /** The sums as they stand, to come back to after trying moves. */
  mark(): readonly [number, number] {
    return [this.sizePhi, this.cellPhi];
  }

  /** Undoes moves tried since `mark`: counts are moved back, sums restored exactly, so errors never build up. */
  restore(mark: readonly [number, number]): void {
    this.sizePhi = mark[0];
    this.cellPhi = mark[1];
  }

  private insert(point: number, cluster: number): void {
    const { cells, sizes, phi, truth } = this;
    const cell = cluster * truth.classes + truth.labels[point];
    this.cellPhi += phi[cells[cell] + 1] - phi[cells[cell]];
    this.sizePhi += phi[sizes[cluster] + 1] - phi[sizes[cluster]];
    cells[cell]++;
    sizes[cluster]++;
  }
}

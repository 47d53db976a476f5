import type { DenseLabels } from './facility-location.js';

/**
 * The structured margin Δ(g(S), y*) = 1 − NMI (eq. 8, geometric normaliser, eq. 9), kept up to date by difference.
 *
 * With N points, n_c the cluster sizes, n_k the class sizes and n_ck the cells of the contingency table, and
 * φ(n) = n·log n:  N·MI = Σφ(n_ck) − Σφ(n_c) − Σφ(n_k) + φ(N),  N·H(clusters) = φ(N) − Σφ(n_c). Moving a point
 * changes two cells and two sizes, so the sums follow in O(1) with a table of φ.
 */
export class NmiMargin {
  private readonly cells: Int32Array; // [clusters, classes]
  private readonly sizes: Int32Array; // [clusters]
  private readonly phi: Float64Array; // [points + 1]
  private readonly classEntropy: number; // times the number of points
  private readonly classPhi: number;
  private sizePhi = 0;
  private cellPhi = 0;

  constructor(
    private readonly truth: DenseLabels,
    clusters: number,
  ) {
    const points = truth.labels.length;
    this.cells = new Int32Array(clusters * truth.classes);
    this.sizes = new Int32Array(clusters);
    this.phi = Float64Array.from({ length: points + 1 }, (_, n) => (n === 0 ? 0 : n * Math.log(n)));
    const classSizes = new Int32Array(truth.classes);
    for (const label of truth.labels) classSizes[label]++;
    this.classPhi = classSizes.reduce((sum, size) => sum + this.phi[size], 0);
    this.classEntropy = this.phi[points] - this.classPhi;
  }

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

  /** Δ in 0..1: 0 when the clusters are the classes. */
  value(): number {
    const { phi, truth, classPhi, classEntropy } = this;
    const total = phi[truth.labels.length];
    const clusterEntropy = total - this.sizePhi;
    // Sums of φ are exact only to rounding: entropies within it count as zero.
    const rounding = 1e-9 * (1 + total);
    const oneCluster = clusterEntropy < rounding;
    const oneClass = classEntropy < rounding;
    if (oneCluster || oneClass) return oneCluster && oneClass ? 0 : 1;
    const information = this.cellPhi - this.sizePhi - classPhi + total;
    const nmi = information / Math.sqrt(clusterEntropy * classEntropy);
    return Math.min(1, Math.max(0, 1 - nmi));
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

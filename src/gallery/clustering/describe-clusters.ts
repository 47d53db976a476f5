import { measureMembers } from '../../cluster/measure-members.js';
import type { VectorBlock } from '../../math/vectors.js';
import { createTurns } from '../../take-turns.js';
import type { Cluster, Clustering } from './clustering.js';
import { type ClustersFound, groupRows } from './find-clusters.js';

/** What rows stand for. */
export interface DescribedRows<Member> {
  readonly block: VectorBlock;
  readonly labelOf: (row: number) => string | null;
  /** What the row is known by, in an answer. */
  readonly idOf: (row: number) => number;
  readonly memberOf: (row: number, distance: number) => Member;
}

/** A cluster, and what sums over all of them are made of. */
interface Measured<Member> {
  readonly cluster: Cluster<Member>;
  readonly distances: number;
  readonly silhouettes: number;
  readonly labelled: number;
  readonly commonest: number;
}

const sumOf = <T>(values: readonly T[], measure: (value: T) => number): number =>
  values.reduce((sum, value) => sum + measure(value), 0);

/** The label that most of the rows have, of equally common ones the first, and how many have one. */
function countLabels(rows: readonly number[], labelOf: (row: number) => string | null) {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const label = labelOf(row);
    if (label !== null) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  let [label, commonest]: [string | null, number] = [null, 0];
  for (const [name, count] of counts) if (count > commonest) [label, commonest] = [name, count];
  return { label, commonest, labelled: sumOf([...counts.values()], count => count) };
}

const shareOf = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

/** @param rows ascending */
function describeCluster<Member>(
  rows: readonly number[],
  medoid: number,
  {
    described: { labelOf, idOf, memberOf },
    distances,
    silhouettes,
  }: { described: DescribedRows<Member>; distances: Float32Array; silhouettes: Float32Array },
): Measured<Member> {
  // Of members that equal the medoid it comes first all the same.
  const nearness = (row: number): number => (row === medoid ? -1 : distances[row]);
  const members = [...rows].sort((a, b) => nearness(a) - nearness(b) || a - b);
  const { label, commonest, labelled } = countLabels(members, labelOf);
  const sums = {
    distances: sumOf(rows, row => distances[row]),
    silhouettes: sumOf(rows, row => silhouettes[row]),
  };
  const cluster = {
    medoid: idOf(medoid),
    size: rows.length,
    meanDistance: sums.distances / rows.length,
    silhouette: Number.isNaN(sums.silhouettes) ? null : sums.silhouettes / rows.length,
    label,
    purity: shareOf(commonest, labelled),
    members: members.map(row => memberOf(row, distances[row])),
  };
  return { cluster, labelled, commonest, ...sums };
}

/** Largest first; of equally large ones that with the lower medoid. */
const bySize = (a: Cluster<unknown>, b: Cluster<unknown>): number => b.size - a.size || a.medoid - b.medoid;

/** What there is to say of the clusters of some rows. @throws MedoidError `interrupted` */
export async function describeClusters<Member>(
  { medoids, assignment }: ClustersFound,
  described: DescribedRows<Member>,
  signal: AbortSignal,
): Promise<Omit<Clustering<Member>, 'method' | 'modelId'>> {
  const takeTurn = createTurns(signal);
  const measures = await measureMembers(described.block, { medoids, assignment }, takeTurn);
  const measured: Measured<Member>[] = [];
  for (const rows of groupRows(assignment)) {
    await takeTurn();
    measured.push(describeCluster(rows, medoids[assignment[rows[0]]], { described, ...measures }));
  }
  const { count } = described.block;
  const total = (of: Exclude<keyof Measured<Member>, 'cluster'>): number => sumOf(measured, one => one[of]);
  return {
    clusters: measured.map(({ cluster }) => cluster).sort(bySize),
    energy: total('distances'),
    silhouette: measured.length < 2 ? null : total('silhouettes') / count,
    purity: shareOf(total('commonest'), total('labelled')),
    items: count,
  };
}

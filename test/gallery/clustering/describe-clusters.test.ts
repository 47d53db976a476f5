import { describe, expect, it } from 'vitest';
import { describeClusters } from '../../../src/gallery/clustering/describe-clusters.js';
import { blockOf } from '../../fixtures/batches.js';

const never = new AbortController().signal;

describe('what is said of clusters', () => {
  const describeAll = (
    points: number[][],
    clusters: { medoids: number[]; assignment: number[] },
    labels: (string | null)[] = [],
  ) =>
    describeClusters(
      { medoids: Int32Array.from(clusters.medoids), assignment: Int32Array.from(clusters.assignment) },
      {
        block: blockOf(points),
        labelOf: row => labels[row] ?? null,
        idOf: row => 10 + row,
        memberOf: (row, distance) => ({ id: 10 + row, distance }),
      },
      never,
    );

  it('begins with the medoid, also where others equal it', async () => {
    const { clusters } = await describeAll([[1], [1], [1], [5]], {
      medoids: [2, 3],
      assignment: [0, 0, 0, 1],
    });
    expect(clusters[0].members).toEqual([
      { id: 12, distance: 0 },
      { id: 10, distance: 0 },
      { id: 11, distance: 0 },
    ]);
  });

  it('puts the largest first, of equally large ones that with the lower medoid', async () => {
    const points = [[0], [1], [10], [11], [20], [21], [22]];
    const { clusters } = await describeAll(points, {
      medoids: [2, 1, 5],
      assignment: [1, 1, 0, 0, 2, 2, 2],
    });
    expect(clusters.map(({ medoid, size }) => [medoid, size])).toEqual([
      [15, 3],
      [11, 2],
      [12, 2],
    ]);
  });

  it('takes of equally common labels that of the nearest, and counts who has one', async () => {
    const clusters = { medoids: [0], assignment: [0, 0, 0, 0, 0] };
    const points = [[0], [1], [2], [3], [4]];
    const described = await describeAll(points, clusters, [null, 'b', 'a', 'a', 'b']);
    expect(described.clusters[0]).toMatchObject({ label: 'b', purity: 0.5 });
    expect(described.purity).toBe(0.5);
  });
});

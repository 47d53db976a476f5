import type { RetrievalRows } from '../math/relevant-ranks.js';
import type { RetrievalOptions } from '../math/retrieval-metrics.js';
import { rowOf, type VectorBlock } from '../math/vectors.js';
import { ExactIndex } from '../vector-index/exact.js';
import type { VectorIndex } from '../vector-index/vector-index.js';
import { askedRows, evaluateNeighbours, type NeighbourQuality } from './evaluate-neighbours.js';
import { fillIndex, measureSpeed } from './index-speed.js';

export interface IndexToMeasure {
  readonly name: string;
  readonly create: (dimension: number) => VectorIndex;
}

/** The retrieval metrics of the neighbours that an index finds. */
export interface IndexQuality extends NeighbourQuality {
  readonly name: string;
  readonly buildSeconds: number;
  /** Of some queries, asked for the largest K one at a time; `exact` compares with every vector. */
  readonly queriesPerSecond: { readonly exact: number; readonly index: number };
}

/**
 * Fills an index with the gallery and measures what it finds (`evaluateNeighbours`), and how quickly.
 * @throws MedoidError `invalid-vector` when a vector is not of unit length; `interrupted`
 * @param block [count, dimension] @param labels class of each: [count]
 */
export async function evaluateThroughIndex(
  block: VectorBlock,
  labels: ArrayLike<number>,
  { ks, queries, gallery, signal, name, create }: RetrievalOptions & RetrievalRows & IndexToMeasure,
): Promise<IndexQuality> {
  const [index, exact] = [create(block.dimension), new ExactIndex(block.dimension)];
  const buildSeconds = await fillIndex(index, block, { rows: gallery, signal });
  await fillIndex(exact, block, { rows: gallery, signal });
  const find = (row: number, count: number, own: number): number[] => {
    // As a server asks: for one more where the item itself is there, and for one more to tell whether there are more.
    const asked = own < 0 ? count + 1 : count + 2;
    return index.search(rowOf(block, row), asked).map(({ id }) => id);
  };
  const found = await evaluateNeighbours(block, labels, { ks, queries, gallery, signal, find });

  const timed = { rows: askedRows(labels, { queries, gallery }), count: Math.max(...ks), signal };
  return {
    name,
    ...found,
    buildSeconds,
    queriesPerSecond: {
      exact: await measureSpeed(exact, block, timed),
      index: await measureSpeed(index, block, timed),
    },
  };
}

import { ExactIndex } from '../../src/vector-index/exact.js';
import { HnswIndex } from '../../src/vector-index/hnsw.js';
import type { SnapshotIdentity, VectorIndex } from '../../src/vector-index/vector-index.js';

interface Driver {
  readonly name: string;
  create(dimension: number): VectorIndex;
  load(path: string, identity: SnapshotIdentity): Promise<VectorIndex>;
}

/** Who keeps the contract. */
export const drivers: readonly Driver[] = [
  { name: 'exact', create: dimension => new ExactIndex(dimension), load: ExactIndex.load },
  { name: 'hnsw', create: dimension => new HnswIndex(dimension), load: HnswIndex.load },
];

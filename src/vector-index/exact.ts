import { writeFile } from 'node:fs/promises';
import { MedoidError } from '../errors.js';
import { checkId, checkNeighbourCount, checkVector, requireLittleEndian } from './checks.js';
import { ExactFile } from './exact-file.js';
import { IdBitmap } from './id-bitmap.js';
import { createOneAtATime } from './one-at-a-time.js';
import { SameBytes } from './same-bytes.js';
import { scanRows, visitRows } from './scan-rows.js';
import { readSnapshot, writeSnapshot } from './snapshot.js';
import type { Hit, IndexedVector, SnapshotIdentity, VectorIndex } from './vector-index.js';

const initialCapacity = 64;

/**
 * Compares with every vector: always right, and what the graph is measured against.
 *
 * Memory of a vector: 4 bytes a dimension, and some 60 for its id and its row; up to twice the former while rows are
 * empty, which they stay after removals, and once more while the block grows or is saved. An id that was removed: a bit.
 */
export class ExactIndex implements VectorIndex {
  /** Row after row, the first `size` in use: [capacity, dimension]. */
  private block: Float32Array;
  /** Id of each row. */
  private readonly rowIds: number[] = [];
  private readonly rows = new Map<number, number>();
  /** All that ever were, so that none is used again. */
  private removed = new IdBitmap();
  private highestId = 0;
  private readonly alone = createOneAtATime();

  constructor(readonly dimension: number) {
    this.block = new Float32Array(initialCapacity * dimension);
  }

  /** @throws MedoidError `invalid-index` unless file and manifest fit each other and `identity` */
  static load(path: string, identity: SnapshotIdentity): Promise<ExactIndex> {
    return readSnapshot(
      path,
      { ...identity, kind: 'exact' },
      {
        createCheck: (manifest, bytes) => new ExactFile(path, { ...manifest, bytes }),
        load: async (file, { lastVectorId, removedIds }) => {
          const index = new ExactIndex(identity.dimension);
          index.add(file.entries());
          index.removed = IdBitmap.from(removedIds);
          index.highestId = lastVectorId;
          return index;
        },
      },
    );
  }

  get size(): number {
    return this.rowIds.length;
  }

  get lastId(): number {
    return this.highestId;
  }

  has(id: number): boolean {
    return this.rows.has(id);
  }

  ids(): Iterable<number> {
    return this.rows.keys();
  }

  vector(id: number): Float32Array {
    const row = this.rowOf(id);
    return this.block.slice(row * this.dimension, (row + 1) * this.dimension);
  }

  add(entries: readonly IndexedVector[]): void {
    const fresh = new Set<number>();
    for (const { id, vector } of entries) {
      checkId(id);
      checkVector(vector, this.dimension);
      if (this.rows.has(id) || this.removed.has(id) || fresh.has(id)) {
        throw new MedoidError('invalid-vector', `expected an id never used, got ${id}`);
      }
      fresh.add(id);
    }
    this.grow(this.size + entries.length);
    for (const { id, vector } of entries) {
      this.block.set(vector, this.size * this.dimension);
      this.rows.set(id, this.size);
      this.rowIds.push(id);
      this.highestId = Math.max(this.highestId, id);
    }
  }

  remove(ids: readonly number[]): void {
    for (const id of new Set(ids)) this.rowOf(id);
    for (const id of new Set(ids)) {
      const row = this.rowOf(id);
      const last = this.size - 1;
      const lastId = this.rowIds[last];
      this.block.copyWithin(row * this.dimension, last * this.dimension, this.size * this.dimension);
      this.rowIds[row] = lastId;
      this.rows.set(lastId, row);
      this.rowIds.pop();
      this.rows.delete(id);
      this.removed.add(id);
    }
  }

  search(query: Float32Array, k: number): Hit[] {
    checkVector(query, this.dimension);
    checkNeighbourCount(k);
    return scanRows(this.block, query, { ids: this.rowIds, count: k });
  }

  /**
   * As `search`, of the vectors of some ids only; those that are not in the index are passed over.
   * @throws MedoidError `invalid-vector` or `invalid-option`
   */
  searchAmong(query: Float32Array, k: number, ids: Iterable<number>): Hit[] {
    checkVector(query, this.dimension);
    checkNeighbourCount(k);
    const wanted = new Uint8Array(this.size);
    for (const id of ids) {
      const row = this.rows.get(id);
      if (row !== undefined) wanted[row] = 1;
    }
    return scanRows(this.block, query, { ids: this.rowIds, count: k, wanted });
  }

  /** Calls `visit` with each vector's id and distance, in no order. @throws MedoidError `invalid-vector` */
  visitDistances(query: Float32Array, visit: (id: number, distance: number) => void): void {
    checkVector(query, this.dimension);
    visitRows(this.block, query, { ids: this.rowIds, visit });
  }

  save(path: string, modelId: string): Promise<void> {
    return this.alone(async () => {
      const description = {
        kind: 'exact' as const,
        modelId,
        dimension: this.dimension,
        parameters: {},
        count: this.size,
        removedIds: [...this.removed],
        lastVectorId: this.highestId,
      };
      const content = this.encode();
      await writeSnapshot(path, description, {
        write: temporary => writeFile(temporary, content),
        createCheck: () => new SameBytes(path, content),
      });
    });
  }

  /** Ids as uint32, then vectors as float32, both little endian. */
  private encode(): Buffer {
    requireLittleEndian();
    const ids = Uint32Array.from(this.rowIds);
    const vectors = this.block.subarray(0, this.size * this.dimension);
    return Buffer.concat([bytesOf(ids), bytesOf(vectors)]);
  }

  private rowOf(id: number): number {
    const row = this.rows.get(id);
    if (row === undefined) throw new MedoidError('not-found', `the index holds no vector ${id}`);
    return row;
  }

  private grow(count: number): void {
    let capacity = this.block.length / this.dimension;
    if (count <= capacity) return;
    while (capacity < count) capacity *= 2;
    const larger = new Float32Array(capacity * this.dimension);
    larger.set(this.block);
    this.block = larger;
  }
}

const bytesOf = (array: Uint32Array | Float32Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

import { MedoidError } from '../errors.js';
import { squaredDistance } from '../math/vectors.js';
import { createTurns, type TakeTurn } from '../take-turns.js';
import { checkId, checkNeighbourCount, checkVector, isUnitVector } from './checks.js';
import { GraphFile } from './graph-file.js';
import { IdBitmap } from './id-bitmap.js';
import { graphParameters, NativeGraph } from './native-graph.js';
import { createNearestHeap } from './nearest-heap.js';
import { createOneAtATime } from './one-at-a-time.js';
import { searchGraph } from './search-graph.js';
import { readSnapshot, writeSnapshot } from './snapshot.js';
import type { Hit, IndexedVector, SnapshotIdentity, VectorIndex } from './vector-index.js';

/**
 * The graph is worth building anew when more than this share of it is removed vectors. They cost time and memory, not
 * neighbours: a search takes 1.1 to 1.5 times as long at 30 %, 1.7 at 50 %, 2.1 to 2.8 at 70 % (`npm run bench -- churn`).
 * A lower limit has more adds to pay for each removal: (1 − limit) / limit, so 2.3 at 30 %, 4 at 20 %.
 */
export const maxRemovedShare = 0.3;

const distanceBetween = (a: Float32Array, b: Float32Array): number => Math.sqrt(squaredDistance(a, b));

/**
 * Hierarchical navigable small world graph: near enough the right answer in logarithmic time. The native library
 * checks nothing and can end the process, so everything is checked before each call.
 *
 * Memory of a vector: its place in the graph (`native-graph.ts`), which one that was removed keeps until the graph is
 * built anew, and some 30 bytes for its id; three bits for every id that was ever used. A second graph only while one is
 * built anew.
 */
export class HnswIndex implements VectorIndex {
  private graph: NativeGraph;
  /** Being built to take the place of `graph`. */
  private successor: NativeGraph | undefined;
  private readonly live = new Set<number>();
  /** All that ever were, so that none is used again. */
  private removed = new IdBitmap();
  private highestId = 0;
  /** While the graph is written it stays as it is, and what is added or removed waits here. */
  private isWriting = false;
  private readonly waitingVectors = new Map<number, Float32Array>();
  private readonly waitingRemovals = new Set<number>();
  /** Saving and building anew. */
  private readonly alone = createOneAtATime();

  constructor(readonly dimension: number) {
    this.graph = NativeGraph.create(dimension);
  }

  /** @throws MedoidError `invalid-index` unless file and manifest fit each other and `identity` */
  static load(path: string, identity: SnapshotIdentity): Promise<HnswIndex> {
    const { dimension } = identity;
    return readSnapshot(
      path,
      { ...identity, kind: 'hnsw' },
      {
        createCheck: ({ count, removedIds }, bytes) => {
          const removed = IdBitmap.from(removedIds);
          const isRight = (_: number, vector: Float32Array): boolean => isUnitVector(vector);
          return new GraphFile(path, { dimension, count, bytes, removed, isRight });
        },
        load: async (file, { lastVectorId }) => {
          const index = new HnswIndex(dimension);
          index.graph = await NativeGraph.read(path, dimension, file);
          index.removed = file.removed.clone();
          for (const id of file.placed) if (!file.removed.has(id)) index.live.add(id);
          index.highestId = lastVectorId;
          return index;
        },
      },
    );
  }

  get size(): number {
    return this.live.size;
  }

  get lastId(): number {
    return this.highestId;
  }

  /** Share of the graph that is removed vectors: 0..1. */
  get removedShare(): number {
    return this.graph.count === 0 ? 0 : this.graph.removed.size / this.graph.count;
  }

  has(id: number): boolean {
    return this.live.has(id);
  }

  /** Whether an id was used before, so that it cannot be added again. */
  hasRemoved(id: number): boolean {
    return this.removed.has(id);
  }

  ids(): Iterable<number> {
    return this.live.keys();
  }

  vector(id: number): Float32Array {
    if (!this.live.has(id)) throw new MedoidError('not-found', `the index holds no vector ${id}`);
    return this.waitingVectors.get(id)?.slice() ?? this.graph.vector(id);
  }

  add(entries: readonly IndexedVector[]): void {
    const fresh = new Set<number>();
    for (const { id, vector } of entries) {
      checkId(id);
      checkVector(vector, this.dimension);
      if (this.live.has(id) || this.removed.has(id) || fresh.has(id)) {
        throw new MedoidError('invalid-vector', `expected an id never used, got ${id}`);
      }
      fresh.add(id);
    }
    if (!this.isWriting) this.graph.reserve(this.graph.count + entries.length);
    for (const { id, vector } of entries) {
      if (this.isWriting) this.waitingVectors.set(id, Float32Array.from(vector));
      else this.graph.add(id, vector);
      this.live.add(id);
      this.highestId = Math.max(this.highestId, id);
    }
  }

  remove(ids: readonly number[]): void {
    for (const id of ids) {
      if (!this.live.has(id)) throw new MedoidError('not-found', `the index holds no vector ${id}`);
    }
    for (const id of new Set(ids)) {
      this.removeFromGraph(id);
      this.live.delete(id);
      this.removed.add(id);
    }
  }

  search(query: Float32Array, k: number): Hit[] {
    checkVector(query, this.dimension);
    checkNeighbourCount(k);
    const hits = searchGraph(this.graph, query, { k, gone: this.waitingRemovals });
    if (hits === undefined) return this.compare(query, k, this.live);
    if (this.waitingVectors.size === 0) return hits;
    // Rounded alike, so that equal vectors are equally far.
    return this.compare(query, k, [...hits.map(({ id }) => id), ...this.waitingVectors.keys()]);
  }

  /**
   * Builds the graph anew, without the removed vectors, once they are more than `beyondShare` of it. In turns:
   * meanwhile it may be searched and changed, and there are two graphs. What makes `takeTurn` throw ends it, and leaves
   * the graph in use. Waits for a save.
   */
  compact(takeTurn: TakeTurn, beyondShare = maxRemovedShare): Promise<void> {
    return this.alone(async () => {
      if (this.removedShare > beyondShare) await this.buildAnew(takeTurn);
    });
  }

  /** As told of the interface: written by another thread, read back in turns. Waits for another save, and for `compact`. */
  save(path: string, modelId: string): Promise<void> {
    return this.alone(async () => {
      const { graph, dimension } = this;
      const [placed, removed] = [graph.placed.clone(), graph.removed.clone()];
      const description = {
        kind: 'hnsw' as const,
        modelId,
        dimension,
        parameters: graphParameters,
        count: placed.size,
        removedIds: [...removed],
        lastVectorId: this.highestId,
      };
      // The library gives no vector of one that was removed.
      const isRight = (id: number, vector: Float32Array): boolean =>
        graph.removed.has(id) ? isUnitVector(vector) : graph.holds(id, vector);
      await writeSnapshot(path, description, {
        write: temporary => this.writeGraph(temporary),
        createCheck: bytes =>
          new GraphFile(path, { dimension, count: placed.size, bytes, removed, placed, isRight }),
      });
    });
  }

  private removeFromGraph(id: number): void {
    // One that waits never comes into the graph.
    if (this.waitingVectors.delete(id)) return;
    if (this.isWriting) this.waitingRemovals.add(id);
    else this.graph.remove(id);
    if (this.successor?.placed.has(id)) this.successor.remove(id);
  }

  private async writeGraph(path: string): Promise<void> {
    this.isWriting = true;
    try {
      await this.graph.write(path);
    } finally {
      this.isWriting = false;
      await this.catchUp();
    }
  }

  /** Does what waited, in turns. What comes meanwhile need not wait. */
  private async catchUp(): Promise<void> {
    const takeTurn = createTurns();
    for (const id of this.waitingRemovals) {
      this.graph.remove(id);
      this.waitingRemovals.delete(id);
      await takeTurn();
    }
    for (const [id, vector] of this.waitingVectors) {
      this.graph.reserve(this.graph.count + 1);
      this.graph.add(id, vector);
      this.waitingVectors.delete(id);
      await takeTurn();
    }
  }

  private async buildAnew(takeTurn: TakeTurn): Promise<void> {
    const successor = NativeGraph.create(this.dimension, this.live.size);
    this.successor = successor;
    try {
      // Comes to what is added meanwhile, too.
      for (const id of this.live) {
        successor.reserve(successor.count + 1);
        successor.add(id, this.graph.vector(id));
        await takeTurn();
      }
      successor.trim();
      this.graph = successor;
    } finally {
      this.successor = undefined;
    }
  }

  private compare(query: Float32Array, k: number, ids: Iterable<number>): Hit[] {
    const heap = createNearestHeap(k);
    for (const id of ids) {
      const vector = this.waitingVectors.get(id) ?? this.graph.vector(id);
      heap.offer({ id, distance: distanceBetween(query, vector) });
    }
    return heap.sorted();
  }
}

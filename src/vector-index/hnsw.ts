import hnswlib from 'hnswlib-node';
import { MedoidError, messageOf } from '../errors.js';
import type { TakeTurn } from '../take-turns.js';
import { checkId, checkNeighbourCount, checkVector } from './checks.js';
import { byDistanceThenId, createNearestHeap } from './nearest-heap.js';
import { readSnapshot, type SnapshotManifest, writeSnapshot } from './snapshot.js';
import type { Hit, IndexedVector, SnapshotIdentity, VectorIndex } from './vector-index.js';

type Graph = hnswlib.HierarchicalNSW;

/** Malkov & Yashunin 2016: links a node, candidates while building, candidates while searching. */
const parameters = { m: 16, efConstruction: 200, ef: 160 } as const;
const initialCapacity = 1024;
/** The graph is worth building anew when more than this share of it is removed vectors. */
const maxRemovedShare = 0.5;
const samplesReadBack = 1000;

function createGraph(dimension: number, capacity: number): Graph {
  const graph = new hnswlib.HierarchicalNSW('l2', dimension);
  graph.initIndex({ maxElements: capacity, m: parameters.m, efConstruction: parameters.efConstruction });
  graph.setEf(parameters.ef);
  return graph;
}

function growGraph(graph: Graph, count: number): void {
  if (count <= graph.getMaxElements()) return;
  let capacity = Math.max(initialCapacity, graph.getMaxElements());
  while (capacity < count) capacity *= 2;
  graph.resizeIndex(capacity);
}

/** Into an object nobody else has: one that failed to load crashes the process when it is searched. */
async function readGraph(path: string, dimension: number): Promise<Graph> {
  const graph = new hnswlib.HierarchicalNSW('l2', dimension);
  try {
    await graph.readIndex(path);
  } catch (error) {
    throw new MedoidError('invalid-index', `${path}: ${messageOf(error)}`, { cause: error });
  }
  // A file does not carry it: it would fall back to 10.
  graph.setEf(parameters.ef);
  return graph;
}

/** Every `step`-th entry, about `count` of them. */
const sample = <T>(entries: readonly T[], count: number): T[] => {
  const step = Math.max(1, Math.floor(entries.length / count));
  return entries.filter((_, i) => i % step === 0);
};

/**
 * Hierarchical navigable small world graph: near enough the right answer in logarithmic time. The native library
 * checks nothing and can end the process, so everything is checked before each call.
 */
export class HnswIndex implements VectorIndex {
  private graph: Graph;
  private readonly live = new Set<number>();
  private readonly removed = new Set<number>();
  private highestId = 0;

  constructor(readonly dimension: number) {
    this.graph = createGraph(dimension, initialCapacity);
  }

  /** @throws MedoidError `invalid-index` unless file and manifest fit each other and `identity` */
  static load(path: string, identity: SnapshotIdentity): Promise<HnswIndex> {
    return readSnapshot(path, { ...identity, kind: 'hnsw' }, async manifest => {
      const index = new HnswIndex(identity.dimension);
      index.graph = await readGraph(path, identity.dimension);
      index.adopt(manifest, path);
      return index;
    });
  }

  get size(): number {
    return this.live.size;
  }

  get lastId(): number {
    return this.highestId;
  }

  has(id: number): boolean {
    return this.live.has(id);
  }

  ids(): Iterable<number> {
    return this.live.keys();
  }

  vector(id: number): Float32Array {
    if (!this.live.has(id)) throw new MedoidError('not-found', `the index holds no vector ${id}`);
    return Float32Array.from(this.graph.getPoint(id));
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
    growGraph(this.graph, this.graph.getCurrentCount() + entries.length);
    for (const { id, vector } of entries) {
      // The native library takes plain arrays only.
      this.graph.addPoint(Array.from(vector), id);
      this.live.add(id);
      this.highestId = Math.max(this.highestId, id);
    }
  }

  remove(ids: readonly number[]): void {
    for (const id of ids) {
      if (!this.live.has(id)) throw new MedoidError('not-found', `the index holds no vector ${id}`);
    }
    for (const id of new Set(ids)) {
      this.graph.markDelete(id);
      this.live.delete(id);
      this.removed.add(id);
    }
  }

  search(query: Float32Array, k: number): Hit[] {
    checkVector(query, this.dimension);
    checkNeighbourCount(k);
    const count = Math.min(k, this.size);
    if (count === 0) return [];
    const point = Array.from(query);
    const { neighbors, distances } = this.graph.searchKnn(point, count);
    // Many equal vectors can cut parts of the graph off; then the answer is short.
    if (neighbors.length < count) return this.searchEvery(query, count);
    return neighbors
      .map((id, i) => ({ id, distance: Math.sqrt(Math.max(0, distances[i])) }))
      .sort(byDistanceThenId);
  }

  /**
   * Builds the graph anew, without the removed vectors, once they outnumber the others. In turns: meanwhile it may be
   * searched and changed.
   */
  async compact(takeTurn: TakeTurn): Promise<void> {
    if (this.removed.size <= maxRemovedShare * this.graph.getCurrentCount()) return;
    const graph = createGraph(this.dimension, Math.max(initialCapacity, this.live.size));
    // Comes to what is added meanwhile, too.
    for (const id of this.live) {
      growGraph(graph, graph.getCurrentCount() + 1);
      graph.addPoint(this.graph.getPoint(id), id);
      await takeTurn();
    }
    this.graph = graph;
    this.removed.clear();
    for (const id of graph.getIdsList()) {
      if (this.live.has(id)) continue;
      graph.markDelete(id);
      this.removed.add(id);
    }
  }

  /** As told of the interface. It takes the memory of the graph a second time, to read back what was written. */
  async save(path: string, modelId: string): Promise<void> {
    const description = {
      kind: 'hnsw' as const,
      modelId,
      dimension: this.dimension,
      parameters,
      count: this.graph.getCurrentCount(),
      removedIds: [...this.removed],
      lastVectorId: this.highestId,
    };
    const samples = sample([...this.live], samplesReadBack).map(id => ({ id, vector: this.vector(id) }));
    await writeSnapshot(path, description, {
      // Synchronous: an add while another thread writes makes a file that cannot be loaded.
      write: temporary => this.graph.writeIndexSync(temporary),
      // The write itself reports no error, not even a full disk.
      verify: async temporary => {
        const graph = await readGraph(temporary, this.dimension);
        const same =
          graph.getCurrentCount() === description.count &&
          samples.every(({ id, vector }) => graph.getPoint(id).every((value, d) => value === vector[d]));
        if (!same) throw new MedoidError('invalid-index', `${path}: what was written does not read back`);
      },
    });
  }

  /** Takes over what the manifest says of a graph just read, or refuses. */
  private adopt(manifest: SnapshotManifest, path: string): void {
    for (const id of manifest.removedIds) this.removed.add(id);
    const ids = this.graph.getIdsList();
    for (const id of ids) if (!this.removed.has(id)) this.live.add(id);
    this.highestId = manifest.lastVectorId;
    const { count } = manifest;
    if (ids.length !== count || this.live.size + this.removed.size !== count) {
      throw new MedoidError('invalid-index', `${path}: expected ${count}, got ${ids.length} vectors`);
    }
    for (const id of sample([...this.live], samplesReadBack)) checkVector(this.vector(id), this.dimension);
  }

  private searchEvery(query: Float32Array, count: number): Hit[] {
    const heap = createNearestHeap(count);
    for (const id of this.live) {
      const point = this.graph.getPoint(id);
      let squared = 0;
      for (let d = 0; d < this.dimension; d++) squared += (query[d] - point[d]) ** 2;
      heap.offer({ id, distance: Math.sqrt(squared) });
    }
    return heap.sorted();
  }
}

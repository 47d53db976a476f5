import hnswlib from 'hnswlib-node';
import { MedoidError, messageOf } from '../errors.js';
import { IdBitmap } from './id-bitmap.js';
import { byDistanceThenId } from './nearest-heap.js';
import type { Hit } from './vector-index.js';

/** Malkov & Yashunin 2016: links a node, candidates while building, candidates while searching. */
export const graphParameters = { m: 16, efConstruction: 200, ef: 160 } as const;
/** Places in a graph that holds next to nothing; a larger one has at most twice the places it uses. */
export const leastCapacity = 1024;

type Native = hnswlib.HierarchicalNSW;

/** Which ids a graph file holds. */
interface Held {
  readonly placed: IdBitmap;
  readonly removed: IdBitmap;
}

/**
 * The native graph and what is known of it without asking. The library checks nothing and can end the process: ids and
 * vectors come here checked; its filter callbacks, which end the process when they throw, are never used.
 *
 * Memory of a vector: 4 bytes a dimension, once; 132 for its links at the bottom, 9 on average above, some 100 for its
 * lock, its label and its place in tables; up to twice all that while places are empty. In a search: 2 bytes.
 */
export class NativeGraph {
  private writing = false;

  private constructor(
    private readonly native: Native,
    /** Ids that have a place, whether they can be found or not. */
    readonly placed: IdBitmap,
    /** Ids that have a place and are never found. */
    readonly removed: IdBitmap,
  ) {
    // A file does not carry it: it would fall back to 10.
    native.setEf(graphParameters.ef);
  }

  static create(dimension: number, capacity = leastCapacity): NativeGraph {
    const native = new hnswlib.HierarchicalNSW('l2', dimension);
    const { m, efConstruction } = graphParameters;
    native.initIndex({ maxElements: Math.max(leastCapacity, capacity), m, efConstruction });
    return new NativeGraph(native, new IdBitmap(), new IdBitmap());
  }

  /**
   * Into an object nobody else has: one that failed to load, or is loading, ends the process when it is searched.
   * @param path a file that was checked (`graph-file.ts`): one that is off may end the process later
   * @throws MedoidError `invalid-index`
   */
  static async read(path: string, dimension: number, { placed, removed }: Held): Promise<NativeGraph> {
    const native = new hnswlib.HierarchicalNSW('l2', dimension);
    try {
      await native.readIndex(path);
    } catch (error) {
      throw new MedoidError('invalid-index', `${path}: ${messageOf(error)}`, { cause: error });
    }
    return new NativeGraph(native, placed, removed);
  }

  /** Places taken, also by what was removed. */
  get count(): number {
    return this.placed.size;
  }

  /** Vectors that a search may find. */
  get searchable(): number {
    return this.placed.size - this.removed.size;
  }

  /** Makes room for `count` in all: a graph that is full takes no more. */
  reserve(count: number): void {
    let capacity = this.native.getMaxElements();
    if (count <= capacity) return;
    while (capacity < count) capacity = Math.max(leastCapacity, 2 * capacity);
    this.requireStill();
    this.native.resizeIndex(capacity);
  }

  /** Gives back places when more than half are empty. */
  trim(): void {
    if (this.native.getMaxElements() <= Math.max(leastCapacity, 2 * this.count)) return;
    this.requireStill();
    this.native.resizeIndex(Math.max(leastCapacity, this.count));
  }

  /** @param id one that never had a place here */
  add(id: number, vector: ArrayLike<number>): void {
    this.requireStill();
    // The native library takes plain arrays only.
    this.native.addPoint(Array.from(vector), id);
    this.placed.add(id);
  }

  /** @param id one that can be found */
  remove(id: number): void {
    this.requireStill();
    this.native.markDelete(id);
    this.removed.add(id);
  }

  /** @param id one that can be found; the library gives no other. @returns [dimension] */
  vector(id: number): Float32Array {
    return Float32Array.from(this.native.getPoint(id));
  }

  /** @param id one that can be found */
  holds(id: number, vector: Float32Array): boolean {
    const point = this.native.getPoint(id);
    for (let d = 0; d < vector.length; d++) if (point[d] !== vector[d]) return false;
    return true;
  }

  /** Nearest first. Fewer than `k` when what is left out cannot be reached. @param k at most `searchable` */
  search(query: Float32Array, k: number): Hit[] {
    if (k === 0) return [];
    const { neighbors, distances } = this.native.searchKnn(Array.from(query), k);
    return neighbors
      .map((id, i) => ({ id, distance: Math.sqrt(Math.max(0, distances[i])) }))
      .sort(byDistanceThenId);
  }

  /**
   * In a thread of the library. The graph may be searched meanwhile, as both only read; it must not be changed.
   * Reports neither a missing folder nor a full disk: what was written must be read back.
   */
  async write(path: string): Promise<void> {
    this.requireStill();
    this.writing = true;
    try {
      await this.native.writeIndex(path);
    } finally {
      // Also what keeps this object: the library holds on to its memory, not to it.
      this.writing = false;
    }
  }

  /** A change during a write makes a file that cannot be loaded, or ends the process. */
  private requireStill(): void {
    if (this.writing) throw new Error('the graph was to be changed while it is written');
  }
}

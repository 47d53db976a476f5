/** A vector and the number it is known by: the id of its row in the catalog. */
export interface IndexedVector {
  /** Integer in 0..2³² − 1. */
  readonly id: number;
  /** [dimension], unit length. */
  readonly vector: Float32Array;
}

export interface Hit {
  readonly id: number;
  /** Euclidean, of unit vectors: 0..2. */
  readonly distance: number;
}

/** What a snapshot must have been made of to be used. */
export interface SnapshotIdentity {
  /** The model that made the vectors. */
  readonly modelId: string;
  readonly dimension: number;
}

/** Unit vectors → nearest ids. */
export interface VectorIndex {
  readonly dimension: number;
  /** Vectors that a search can find. */
  readonly size: number;
  /** Highest id that was ever added; 0 while none was. */
  readonly lastId: number;
  has(id: number): boolean;
  ids(): Iterable<number>;
  /** A copy of the stored vector [dimension]. @throws MedoidError `not-found` */
  vector(id: number): Float32Array;
  /**
   * All or nothing.
   * @throws MedoidError `invalid-vector` for one of a wrong length, not finite, not of unit length, or whose id is
   *   out of range or was used before
   */
  add(entries: readonly IndexedVector[]): void;
  /** All or nothing; the ids are never used again. @throws MedoidError `not-found` */
  remove(ids: readonly number[]): void;
  /**
   * The `k` nearest, nearest first, at equal distance the lower id first; all there are when `k` exceeds the size.
   * @throws MedoidError `invalid-vector` or `invalid-option`
   */
  search(query: Float32Array, k: number): Hit[];
  /**
   * Writes `path` and its manifest beside it, so that a crash leaves a pair that loads or one that is refused. What is
   * written is the index as it was when this began, which is at once unless another save is under way; meanwhile it may
   * be searched and changed as ever, and a save that fails takes nothing of that back.
   * @throws MedoidError `invalid-index` when what was written does not read back
   */
  save(path: string, modelId: string): Promise<void>;
}

/** The points that a candidate may serve, and how far each is: [points]. */
export interface Reach {
  readonly points: Int32Array;
  readonly distances: Float32Array;
}

/** Every point as a medoid that might be chosen. */
export interface Candidates {
  readonly count: number;
  /** What a point costs that no medoid reaches; infinite where every medoid reaches all. */
  readonly farCost: number;
  /** Valid until the next call. */
  reachOf(candidate: number): Reach;
}

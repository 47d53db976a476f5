/** A point that stands for others, and what a search may not do with it. */
export interface Facility {
  readonly point: number;
  /**
   * The group that it serves: its held points are served by no other. −1 for none. A group keeps one facility at least, and
   * its facilities stay among its members.
   */
  readonly group: number;
  /** Whether it stays where it is. */
  readonly pinned: boolean;
}

/** What is fixed of points beforehand. */
export interface PointGroups {
  /** The group that a point is a member of; −1 for none: [count]. */
  readonly memberOf: Int32Array;
  /** 1 for points that stay in their group: [count]. */
  readonly held: Uint8Array;
}

/** Of points that may all go anywhere. */
export const noGroups = (count: number): PointGroups => ({
  memberOf: new Int32Array(count).fill(-1),
  held: new Uint8Array(count),
});

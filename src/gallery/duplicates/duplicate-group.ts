/** From the surest on. */
export const duplicateTiers = ['identical', 'same-picture', 'near'] as const;

/**
 * How two items show the same: `identical` have the same bytes; `same-picture` are one picture to look at, as what was
 * encoded or resized anew; `near` is near to the model only.
 */
export type DuplicateTier = (typeof duplicateTiers)[number];

/** An item and what it has to do with the one that stands for its group. */
export interface Duplicate {
  readonly id: number;
  readonly tier: DuplicateTier;
  /** Euclidean, of the embeddings: 0..2. */
  readonly distance: number;
  /** Bits in which the perceptual hashes differ, 0..64; null where they were not compared. */
  readonly hashDistance: number | null;
}

/** Items that show the same as one of them. */
export interface DuplicateGroup {
  /** Id of the item that stands for the group. */
  readonly representative: number;
  /** The others, nearest first, at equal distance the lower id first. */
  readonly items: readonly Duplicate[];
}

export interface DuplicatesFound {
  /** By ascending id of what stands for them. */
  readonly groups: readonly DuplicateGroup[];
  /** Items beside those that stand for a group. */
  readonly duplicates: number;
  /** How many of each tier. */
  readonly tiers: Readonly<Record<DuplicateTier, number>>;
  /** Up to which distance items were near, as given or calibrated. */
  readonly maxDistance: number;
  /** Ids of items whose picture could not be read, so that it was not looked at; ascending. */
  readonly unreadable: readonly number[];
  /** SHA-256 of the picture that each item of the groups had, by its id. Not for JSON. */
  readonly imageOf: ReadonlyMap<number, string>;
}

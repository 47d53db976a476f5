import type { VectorIndex } from '../../vector-index/vector-index.js';
import { findWithin } from './find-within.js';
import { groupAround, type PictureGroup } from './group-around.js';
import type { Picture } from './list-pictures.js';
import type { SettledPairs } from './settled-pairs.js';

export interface NearPictures {
  /** The picture of a vector; nothing for one that has come since. */
  readonly pictureOf: (vectorId: number) => Picture | undefined;
  readonly index: VectorIndex;
  readonly maxDistance: number;
  /** Groups that nothing puts into others, though others may be put into them. */
  readonly staysWhole: (group: PictureGroup) => boolean;
  /** Pairs that are of no interest any more. */
  readonly settled: SettledPairs;
}

/**
 * Puts pictures that are in no group yet into the group of one that they are near. Groups of what is surely the same stay
 * as they are: within another one it could not be seen any more what of it is the same as what.
 * @param groups each picture in one of them, best representative first
 * @param takeTurn awaited before each group, with how many were done
 */
export async function addNearPictures(
  groups: readonly PictureGroup[],
  { pictureOf, index, maxDistance, staysWhole, settled }: NearPictures,
  takeTurn: (done: number) => Promise<void> | undefined,
): Promise<PictureGroup[]> {
  const othersOf = new Map(groups.map(({ representative, others }) => [representative, others]));
  const movable = new Set(groups.flatMap(group => (staysWhole(group) ? [] : [group.representative])));
  const nearOf = (picture: Picture): Picture[] => {
    const found = findWithin(index, picture.vector, { maxDistance }).map(({ id }) => pictureOf(id));
    // Items with the same bytes are one picture, found as often.
    return [...new Set(found)].flatMap(other => {
      const isFree = other !== undefined && other !== picture && movable.has(other);
      return isFree && !settled.hasAll(picture, other) ? [other] : [];
    });
  };
  const merged = await groupAround(
    groups.map(({ representative }) => representative),
    nearOf,
    takeTurn,
  );
  return merged.map(({ representative, others }) => ({
    representative,
    others: [...(othersOf.get(representative) as readonly Picture[]), ...others],
  }));
}

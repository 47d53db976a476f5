import { squaredDistance } from '../../math/vectors.js';
import type { VectorIndex } from '../../vector-index/vector-index.js';
import { findWithin } from './find-within.js';
import { groupAround, type PictureGroup } from './group-around.js';
import type { Picture } from './list-pictures.js';

export interface GroupsToMerge {
  /** The picture of a vector; nothing for one that has come since. */
  readonly pictureOf: (vectorId: number) => Picture | undefined;
  readonly index: VectorIndex;
  readonly maxDistance: number;
}

/**
 * Puts groups together whose pictures all are near the one that stands for them: one of which a single picture is too far
 * away stays by itself.
 * @param groups each picture in one of them, best representative first
 * @param takeTurn awaited before each group, with how many were done
 */
export async function mergeNearGroups(
  groups: readonly PictureGroup[],
  { pictureOf, index, maxDistance }: GroupsToMerge,
  takeTurn: (done: number) => Promise<void> | undefined,
): Promise<PictureGroup[]> {
  const othersOf = new Map(groups.map(({ representative, others }) => [representative, others]));
  const isNear = (a: Picture, b: Picture): boolean =>
    squaredDistance(a.vector, b.vector) <= maxDistance * maxDistance;
  const nearOf = (picture: Picture): Picture[] => {
    const found = findWithin(index, picture.vector, { maxDistance }).map(({ id }) => pictureOf(id));
    // Items with the same bytes are one picture, found as often.
    return [...new Set(found)].flatMap(other => {
      const others = other && othersOf.get(other);
      if (other === undefined || other === picture || others === undefined) return [];
      return [other, ...others].every(member => isNear(picture, member)) ? [other] : [];
    });
  };
  const merged = await groupAround(
    groups.map(({ representative }) => representative),
    nearOf,
    takeTurn,
  );
  return merged.map(({ representative, others }) => ({
    representative,
    others: [representative, ...others].flatMap(picture => [
      ...(picture === representative ? [] : [picture]),
      ...(othersOf.get(picture) as readonly Picture[]),
    ]),
  }));
}

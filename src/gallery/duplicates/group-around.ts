import { squaredDistance } from '../../math/vectors.js';
import { areEquallyGood, type Picture } from './list-pictures.js';

/** A picture, and those that it stands for. */
export interface PictureGroup {
  readonly representative: Picture;
  readonly others: readonly Picture[];
}

/** To compare more of them takes longer than is worth while: their sums hardly differ. */
const mostCompared = 100;

/** The one with the least sum of distances to all; at equal sums the first. */
function findMedoid(candidates: readonly Picture[], all: readonly Picture[]): Picture {
  let [medoid, least] = [candidates[0], Number.POSITIVE_INFINITY];
  for (const candidate of candidates) {
    let sum = 0;
    for (const { vector } of all) sum += Math.sqrt(squaredDistance(candidate.vector, vector));
    if (sum < least) [medoid, least] = [candidate, sum];
  }
  return medoid;
}

/**
 * Puts each picture into one group at most. From the best on, one that is still free stands for the free ones near it;
 * where some of these are as good as it, the medoid of it and them does in its place (of the hundred that come first). So
 * each is near the one that stands for it, and no chain of neighbours makes a group.
 * @param pictures best first
 * @param nearOf neighbours of a picture, without itself and with those taken already, best first
 * @param takeTurn awaited before each picture, with how many were done
 */
export async function groupAround(
  pictures: readonly Picture[],
  nearOf: (picture: Picture) => readonly Picture[],
  takeTurn: (done: number) => Promise<void> | undefined,
): Promise<PictureGroup[]> {
  const taken = new Set<Picture>();
  const freeNear = (picture: Picture): Picture[] => nearOf(picture).filter(other => !taken.has(other));
  const groups: PictureGroup[] = [];
  for (const [done, seed] of pictures.entries()) {
    await takeTurn(done);
    // A graph may find the medoid from the seed and not the seed from the medoid: then the seed has another turn.
    while (!taken.has(seed)) {
      const around = freeNear(seed);
      const compared = [seed, ...around].slice(0, mostCompared);
      const candidates = compared.filter(picture => areEquallyGood(picture, seed));
      const representative = candidates.length === 1 ? seed : findMedoid(candidates, compared);
      const others = representative === seed ? around : freeNear(representative);
      for (const picture of [representative, ...others]) taken.add(picture);
      groups.push({ representative, others });
    }
  }
  return groups;
}

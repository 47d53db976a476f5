import { hashDistance } from '../../images/perceptual-hash.js';
import type { VectorIndex } from '../../vector-index/vector-index.js';
import { inBatches } from '../../work-ahead.js';
import { findWithin } from './find-within.js';
import type { Picture } from './list-pictures.js';
import type { PictureHashes } from './picture-hashes.js';

/**
 * Bits in which hashes of one picture may differ. Of 719,400 pairs of 1,200 different photos of groceries 4 differed in as
 * few, and one of these was near to the model, too; copies in JPEG of quality 30, of half the size, or with a watermark,
 * differed in 6 at most, those of which 5 % were cut off in 8 half of the time.
 */
export const samePictureBits = 10;

/** A copy that the model has so many others nearer to is not found; otherwise dense collections would take for ever. */
const mostNeighbours = 100;
/** Decoded at once by all cores, and few enough to stop soon. */
const picturesPerBatch = 64;

export interface PicturesToLink {
  /** The picture of a vector; nothing for one that has come since. */
  readonly pictureOf: (vectorId: number) => Picture | undefined;
  readonly index: VectorIndex;
  readonly hashes: PictureHashes;
  readonly maxDistance: number;
}

/** Pictures that look the same, of each those with it. */
export type SamePictures = ReadonlyMap<Picture, ReadonlySet<Picture>>;

function findNeighbours(picture: Picture, { pictureOf, index, maxDistance }: PicturesToLink): Picture[] {
  const hits = findWithin(index, picture.vector, { maxDistance, most: mostNeighbours });
  return hits.flatMap(({ id }) => {
    const other = pictureOf(id);
    return other === undefined || other === picture ? [] : [other];
  });
}

/**
 * Finds pictures that are near to the model and to the hash: of the neighbours that the index finds, never of all pairs.
 * Hashes are made of those only that have a neighbour.
 * @param takeTurn awaited before each picture, with how many were done
 * @throws MedoidError `interrupted`
 */
export async function linkSamePictures(
  pictures: readonly Picture[],
  sought: PicturesToLink,
  takeTurn: (done: number) => Promise<void> | undefined,
): Promise<SamePictures> {
  const same = new Map<Picture, Set<Picture>>();
  const link = (from: Picture, to: Picture): void => {
    const others = same.get(from);
    if (others === undefined) same.set(from, new Set([to]));
    else others.add(to);
  };
  let done = 0;
  for (const batch of inBatches(pictures, picturesPerBatch)) {
    const pairs: [Picture, Picture][] = [];
    for (const picture of batch) {
      await takeTurn(done++);
      for (const other of findNeighbours(picture, sought)) pairs.push([picture, other]);
    }
    await sought.hashes.make(pairs.flat());
    for (const [picture, other] of pairs) {
      const [a, b] = [sought.hashes.of(picture), sought.hashes.of(other)];
      if (a === undefined || b === undefined || hashDistance(a, b) > samePictureBits) continue;
      link(picture, other);
      link(other, picture);
    }
  }
  return same;
}

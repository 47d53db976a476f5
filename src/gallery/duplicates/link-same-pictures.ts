import { hashDistance } from '../../images/perceptual-hash.js';
import type { VectorIndex } from '../../vector-index/vector-index.js';
import { inBatches } from '../../work-ahead.js';
import { findWithin } from './find-within.js';
import { HashNeighbours } from './hash-neighbours.js';
import type { Picture } from './list-pictures.js';
import type { PictureHashes } from './picture-hashes.js';
import { mostPairsAtOnce, type SameLook } from './same-look.js';
import type { SettledPairs } from './settled-pairs.js';

/** Bits in which the hashes of two pictures may differ that only these suspect to be one. */
const suspectBits = 10;
/** The same where they are near to the model as well: so do two of three copies of which 5 % were cut off at the edges. */
const nearSuspectBits = 16;

/** A copy that the model has so many others nearer to is found by its hash only; otherwise dense collections would take for ever. */
const mostNeighbours = 100;
const picturesPerBatch = 64;

export interface PicturesToLink {
  /** The picture of a vector; nothing for one that has come since. */
  readonly pictureOf: (vectorId: number) => Picture | undefined;
  readonly index: VectorIndex;
  /** Of all pictures. */
  readonly hashes: PictureHashes;
  readonly looks: SameLook;
  /** Pairs that are of no interest any more. */
  readonly settled: SettledPairs;
  readonly maxDistance: number;
}

/** Pictures that look the same, of each those with it. */
export type SamePictures = ReadonlyMap<Picture, ReadonlySet<Picture>>;

type Pair = readonly [Picture, Picture];

/** Pairs that may be one picture, each once. */
class Suspects {
  /** Of each picture those of lower rank that it was suspected with. */
  private readonly told = new Map<Picture, Set<Picture>>();

  constructor(
    private readonly byHash: HashNeighbours,
    private readonly sought: PicturesToLink,
  ) {}

  pairsOf(picture: Picture): Pair[] {
    const near = this.nearToModel(picture).filter(other => this.differsLittle(picture, other));
    return [...this.byHash.betterThan(picture), ...near].flatMap(other => {
      const [better, worse] = other.rank < picture.rank ? [other, picture] : [picture, other];
      const known = this.told.get(worse) ?? new Set();
      if (known.has(better)) return [];
      this.told.set(worse, known.add(better));
      if (this.sought.settled.hasAll(better, worse)) return [];
      return [[better, worse] as const];
    });
  }

  private nearToModel(picture: Picture): Picture[] {
    const { pictureOf, index, maxDistance } = this.sought;
    return findWithin(index, picture.vector, { maxDistance, most: mostNeighbours }).flatMap(({ id }) => {
      const other = pictureOf(id);
      return other === undefined || other === picture ? [] : [other];
    });
  }

  private differsLittle(picture: Picture, other: Picture): boolean {
    const [a, b] = [this.sought.hashes.of(picture), this.sought.hashes.of(other)];
    return a !== undefined && b !== undefined && hashDistance(a, b) <= nearSuspectBits;
  }
}

/**
 * Finds pictures that are one: suspected by their hashes, or by model and hash, and then proven by a look at both. Suspects
 * are found through indexes, never among all pairs, and only they are read.
 * @param pictures best first
 * @param takeTurn awaited before each picture and each comparison, with how many pictures were done
 * @throws MedoidError `interrupted`
 */
export async function linkSamePictures(
  pictures: readonly Picture[],
  sought: PicturesToLink,
  takeTurn: (done: number) => Promise<void> | undefined,
): Promise<SamePictures> {
  const byHash = { hashes: sought.hashes, mostBits: suspectBits };
  const suspects = new Suspects(await HashNeighbours.build(pictures, byHash, () => takeTurn(0)), sought);
  const same = new Map<Picture, Set<Picture>>();
  const link = (from: Picture, to: Picture): void => {
    const others = same.get(from);
    if (others === undefined) same.set(from, new Set([to]));
    else others.add(to);
  };
  let done = 0;
  for (const batch of inBatches(pictures, picturesPerBatch)) {
    const pairs: Pair[] = [];
    for (const picture of batch) {
      await takeTurn(done++);
      pairs.push(...suspects.pairsOf(picture));
    }
    for (const some of inBatches(pairs, mostPairsAtOnce)) {
      await sought.looks.load(some.flat());
      for (const [better, worse] of some) {
        await takeTurn(done);
        if (!sought.looks.isProven(better, worse)) continue;
        link(better, worse);
        link(worse, better);
      }
    }
  }
  return same;
}

import type { PerceptualHash } from '../../images/perceptual-hash.js';
import { countBits } from '../../math/count-bits.js';
import { HashIndex } from '../../math/hash-index.js';
import type { Picture } from './list-pictures.js';
import type { PictureHashes } from './picture-hashes.js';

/**
 * A hash has 32 bits set unless coefficients are equal: those that are 0, of pictures that show next to nothing, such as
 * plain ones or a gradient. Such hashes are all alike, and say nothing.
 */
const leastBitsSet = 12;

/** Of one picture those of the best quality: enough that all copies of one are around the best of them. */
const mostNeighbours = 100;

const saysSomething = ([first, second]: PerceptualHash): boolean =>
  countBits(first) + countBits(second) >= leastBitsSet;

/**
 * Pictures whose hashes are near, whatever the model makes of them. Pictures with one hash are looked up once, and of many
 * only the best are told, so that it does not matter how many copies there are of one.
 */
export class HashNeighbours {
  private readonly rowOf = new Map<Picture, number>();
  /** Of each hash, best first. */
  private readonly picturesOf: Picture[][] = [];
  private readonly index: HashIndex;

  /** @param pictures best first */
  constructor(
    pictures: readonly Picture[],
    hashes: PictureHashes,
    private readonly mostBits: number,
  ) {
    const rows = new Map<string, number>();
    const words: number[] = [];
    for (const picture of pictures) {
      const hash = hashes.of(picture);
      if (hash === undefined || !saysSomething(hash)) continue;
      const key = hash.join();
      const row = rows.get(key) ?? this.picturesOf.push([]) - 1;
      if (!rows.has(key)) words.push(...hash);
      rows.set(key, row);
      this.rowOf.set(picture, row);
      if (this.picturesOf[row].length < mostNeighbours) this.picturesOf[row].push(picture);
    }
    this.index = new HashIndex(Uint32Array.from(words));
  }

  /** Those that are better than it, best first, a hundred at most. */
  betterThan(picture: Picture): Picture[] {
    const row = this.rowOf.get(picture);
    if (row === undefined) return [];
    return [row, ...this.index.within(row, this.mostBits)]
      .flatMap(near => this.picturesOf[near])
      .filter(({ rank }) => rank < picture.rank)
      .sort((a, b) => a.rank - b.rank)
      .slice(0, mostNeighbours);
  }
}

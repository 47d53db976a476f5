import type { PerceptualHash } from '../../images/perceptual-hash.js';
import { countBits } from '../../math/count-bits.js';
import { HashIndex } from '../../math/hash-index.js';
import type { TakeTurn } from '../../take-turns.js';
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
  private constructor(
    private readonly rowOf: ReadonlyMap<Picture, number>,
    /** Of each hash, best first. */
    private readonly picturesOf: readonly (readonly Picture[])[],
    private readonly search: (row: number) => readonly number[],
  ) {}

  /**
   * @param pictures best first
   * @throws MedoidError `interrupted`
   */
  static async build(
    pictures: readonly Picture[],
    { hashes, mostBits }: { readonly hashes: PictureHashes; readonly mostBits: number },
    takeTurn: TakeTurn,
  ): Promise<HashNeighbours> {
    const rowOf = new Map<Picture, number>();
    const picturesOf: Picture[][] = [];
    const rows = new Map<string, number>();
    const words: number[] = [];
    for (const picture of pictures) {
      await takeTurn();
      const hash = hashes.of(picture);
      if (hash === undefined || !saysSomething(hash)) continue;
      const key = hash.join();
      const row = rows.get(key) ?? picturesOf.push([]) - 1;
      if (!rows.has(key)) words.push(...hash);
      rows.set(key, row);
      rowOf.set(picture, row);
      if (picturesOf[row].length < mostNeighbours) picturesOf[row].push(picture);
    }
    const index = new HashIndex(Uint32Array.from(words));
    return new HashNeighbours(rowOf, picturesOf, row => index.within(row, mostBits));
  }

  /** Those that are better than it, best first, a hundred at most. */
  betterThan(picture: Picture): Picture[] {
    const row = this.rowOf.get(picture);
    if (row === undefined) return [];
    return [row, ...this.search(row)]
      .flatMap(near => this.picturesOf[near])
      .filter(({ rank }) => rank < picture.rank)
      .sort((a, b) => a.rank - b.rank)
      .slice(0, mostNeighbours);
  }
}

import { LRUCache } from 'lru-cache';
import { agreementOf, colourDifference, colourOf } from '../../images/compare-looks.js';
import { type PictureLook, pictureLook } from '../../images/picture-look.js';
import type { Picture } from './list-pictures.js';
import type { PictureReader } from './picture-reader.js';

/**
 * Chosen on the 2,640 photos of the training list of Grocery Store and 200 copies of each kind: of copies of a fifth of the
 * size 197 agreed as well, of all others all; of pairs of different photos whose hashes were near, 6.
 */
const leastAgreement = 0.945;
/** Of Cb and Cr. The copies that kept their colours differed by 4.6 at most. */
const mostColourDifference = 8;
/** Of how colourful the more colourful of the two is: what is mostly white has little colour to differ by. */
const mostColourShare = 0.75;

/** About 5 KiB each. */
const mostKept = 2048;
/** Of the pictures of so many pairs all are kept at once. */
export const mostPairsAtOnce = mostKept / 2;

/** What the hash only suspects is looked at: two pictures, small, side by side. */
export class SameLook {
  /** Null for a picture that cannot be read. */
  private readonly looks = new LRUCache<Picture, { readonly look: PictureLook | null }>({ max: mostKept });

  constructor(private readonly reader: PictureReader) {}

  /** Reads pictures to be compared, of `mostPairsAtOnce` pairs at most. @throws MedoidError `interrupted` */
  async load(pictures: Iterable<Picture>): Promise<void> {
    const missing = [...new Set(pictures)].filter(picture => this.looks.get(picture) === undefined);
    const made = await this.reader.readEach(missing, pictureLook);
    for (const [i, picture] of missing.entries()) this.looks.set(picture, { look: made[i] });
  }

  /** Whether two that were loaded are one picture. What cannot be read is no proof. */
  isProven(a: Picture, b: Picture): boolean {
    const [first, second] = [this.looks.get(a)?.look, this.looks.get(b)?.look];
    if (first == null || second == null) return false;
    const most = Math.min(
      mostColourDifference,
      mostColourShare * Math.max(colourOf(first), colourOf(second)),
    );
    return agreementOf(first, second) >= leastAgreement && colourDifference(first, second) <= most;
  }
}

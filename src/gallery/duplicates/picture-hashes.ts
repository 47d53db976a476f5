import { type PerceptualHash, perceptualHash } from '../../images/perceptual-hash.js';
import type { TakeTurn } from '../../take-turns.js';
import { inBatches } from '../../work-ahead.js';
import type { Picture } from './list-pictures.js';
import type { PictureReader } from './picture-reader.js';

/** Few enough to stop soon, and to be written at once. */
const picturesPerBatch = 64;

/** The perceptual hashes of stored pictures: those that the catalog has, and the others made anew. */
export class PictureHashes {
  /** Null for a picture that cannot be read. */
  private readonly known = new Map<Picture, PerceptualHash | null>();

  /** @param side of the squares that hashes are made of, as when pictures are added; that of any model will do */
  constructor(
    private readonly reader: PictureReader,
    private readonly side: number | undefined,
  ) {}

  /**
   * What had to be made is kept, if the gallery may be written.
   * @param takeTurn awaited before each picture, with how many were done
   * @throws MedoidError `interrupted`
   */
  async load(pictures: readonly Picture[], takeTurn: (done: number) => ReturnType<TakeTurn>): Promise<void> {
    const { hashes } = this.reader.source.catalog;
    let done = 0;
    for (const batch of inBatches(pictures, picturesPerBatch)) {
      const missing: Picture[] = [];
      for (const picture of batch) {
        await takeTurn(done++);
        const hash = hashes.find(picture.imageSha256);
        if (hash === undefined) missing.push(picture);
        else this.known.set(picture, hash);
      }
      await this.make(missing);
    }
  }

  /** Nothing for a picture that could not be read, or was not asked for. */
  of(picture: Picture): PerceptualHash | undefined {
    return this.known.get(picture) ?? undefined;
  }

  private async make(missing: readonly Picture[]): Promise<void> {
    if (missing.length === 0) return;
    const made = await this.reader.readEach(missing, (bytes, limits) =>
      perceptualHash(bytes, { limits, side: this.side }),
    );
    for (const [i, picture] of missing.entries()) this.known.set(picture, made[i]);
    const { catalog, access } = this.reader.source;
    if (access === 'read') return;
    catalog.transaction(() => {
      for (const [i, hash] of made.entries()) {
        if (hash !== null) catalog.hashes.add(missing[i].imageSha256, hash);
      }
    });
  }
}

import { hashImage } from '../../src/images/decode.js';
import { drawView } from '../demo-catalog/draw-view.js';

export interface PoolPicture {
  readonly bytes: Buffer;
  readonly sha256: string;
}

export interface PicturePool {
  /** The n-th picture; always the same bytes. */
  get(number: number): Promise<PoolPicture>;
  /** One that was drawn before. @throws Error when none of that hash was */
  find(sha256: string): PoolPicture;
}

/** Pixels: small, as there are many. */
const side = 64;

/** Pictures that all differ, drawn when they are first asked for. */
export function createPicturePool(seed: number): PicturePool {
  const drawing = new Map<number, Promise<PoolPicture>>();
  const drawn = new Map<string, PoolPicture>();
  const draw = async (product: number): Promise<PoolPicture> => {
    const bytes = await drawView({ seed, product, view: 0, side });
    const picture = { bytes, sha256: hashImage(bytes) };
    drawn.set(picture.sha256, picture);
    return picture;
  };
  return {
    get(number) {
      const known = drawing.get(number) ?? draw(number);
      drawing.set(number, known);
      return known;
    },
    find(sha256) {
      const picture = drawn.get(sha256);
      if (picture === undefined) throw new Error(`no picture ${sha256} was drawn`);
      return picture;
    },
  };
}

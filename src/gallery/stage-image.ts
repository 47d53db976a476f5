import { hashImage, inspectImage } from '../images/decode.js';
import type { ImageLimits } from '../images/limits.js';
import type { ImageHold, ImageStore } from './image-store.js';
import { holdImage } from './prepare-item.js';

/** An image that lies in the store for an item to come: until then, or until it is released. */
export interface StagedImage extends ImageHold {
  readonly imageSha256: string;
}

/** @throws MedoidError of the image's own fault, as far as its header tells */
export async function stageImage(
  image: Uint8Array,
  { images, limits }: { readonly images: ImageStore; readonly limits: ImageLimits },
): Promise<StagedImage> {
  await inspectImage(image, limits);
  const imageSha256 = hashImage(image);
  const { release } = await holdImage(image, imageSha256, images);
  return { imageSha256, release };
}

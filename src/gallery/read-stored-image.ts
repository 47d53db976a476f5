import type { ImageStore } from './image-store.js';

/**
 * Reads the picture of an item, which may be removed or get another picture meanwhile.
 * @param lookUp says what the item is now, and throws when it has gone
 * @throws MedoidError as `lookUp`, or `invalid-gallery` when the copy is missing or damaged
 */
export async function readStoredImage<Item extends { readonly imageSha256: string }>(
  lookUp: () => Item,
  images: ImageStore,
): Promise<{ readonly bytes: Buffer; readonly item: Item }> {
  const item = lookUp();
  try {
    return { bytes: await images.read(item.imageSha256), item };
  } catch (error) {
    if (lookUp().imageSha256 === item.imageSha256) throw error;
  }
  return readStoredImage(lookUp, images);
}

import type { z } from 'zod';
import type { imageInJsonSchema } from '../api/schemas/item.js';
import { MedoidError } from '../errors.js';
import type { FetchImage } from '../gallery/image-fetching.js';

export type ImageInJson = z.output<typeof imageInJsonSchema>;

/** @throws MedoidError `payload-too-large`, or why it cannot be fetched */
export async function readImageInJson(
  image: ImageInJson,
  {
    fetchImage,
    maxImageBytes,
    signal,
  }: { readonly fetchImage: FetchImage; readonly maxImageBytes: number; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  if ('url' in image) return fetchImage(image.url, signal);
  const bytes = Buffer.from(image.base64, 'base64');
  if (bytes.length <= maxImageBytes) return bytes;
  throw new MedoidError(
    'payload-too-large',
    `expected an image of at most ${maxImageBytes} bytes, got ${bytes.length}`,
  );
}

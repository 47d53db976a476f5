import type { z } from 'zod';
import type { imageInJsonSchema } from '../api/schemas/item.js';
import { MedoidError } from '../errors.js';

/** Gets a picture by its address. @throws MedoidError `url-not-allowed`, `fetch-failed`, `payload-too-large` */
export type FetchImage = (url: string, signal?: AbortSignal) => Promise<Buffer>;

export type ImageInJson = z.output<typeof imageInJsonSchema>;

/** For a server that was not told to fetch. */
export const fetchNothing: FetchImage = async () => {
  throw new MedoidError(
    'url-not-allowed',
    'this server fetches no pictures by their addresses: send the bytes',
  );
};

/** @throws MedoidError `payload-too-large`, or why it cannot be fetched */
export async function readImageInJson(
  image: ImageInJson,
  {
    fetchImage,
    maxImageBytes,
    signal,
  }: { readonly fetchImage: FetchImage; readonly maxImageBytes: number; readonly signal: AbortSignal },
): Promise<Buffer> {
  if ('url' in image) return fetchImage(image.url, signal);
  const bytes = Buffer.from(image.base64, 'base64');
  if (bytes.length <= maxImageBytes) return bytes;
  throw new MedoidError(
    'payload-too-large',
    `expected an image of at most ${maxImageBytes} bytes, got ${bytes.length}`,
  );
}

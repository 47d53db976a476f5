import pLimit from 'p-limit';
import { MedoidError } from '../errors.js';
import { sniffFormat } from '../images/sniff-format.js';

const madeAtOnce = 8;

/**
 * Small pictures as `data:` addresses, each made once; none of those that there is no thumbnail of.
 * @returns address by number of the image
 * @throws MedoidError `unreadable-image` and whatever `thumbnail` throws; `interrupted` once the signal is aborted
 */
export async function thumbnailAddresses(
  { thumbnail }: { readonly thumbnail: (image: number, side: number) => Promise<Uint8Array | undefined> },
  images: Iterable<number>,
  { side, signal }: { readonly side: number; readonly signal?: AbortSignal | undefined },
): Promise<Map<number, string>> {
  const limit = pLimit(madeAtOnce);
  const make = async (image: number): Promise<[number, string][]> => {
    if (signal?.aborted) throw new MedoidError('interrupted', 'stopped on request');
    const bytes = await thumbnail(image, side);
    if (bytes === undefined) return [];
    const format = sniffFormat(bytes);
    if (format === undefined) {
      throw new MedoidError('unreadable-image', `expected a thumbnail of image ${image}, got other bytes`);
    }
    return [[image, `data:image/${format};base64,${Buffer.from(bytes).toString('base64')}`]];
  };
  const made = await Promise.all([...new Set(images)].map(image => limit(() => make(image))));
  return new Map(made.flat());
}

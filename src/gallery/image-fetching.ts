import { MedoidError } from '../errors.js';

/** Gets the image at an address. @throws MedoidError of what stands in the way */
export type FetchImage = (url: string, signal: AbortSignal) => Promise<Uint8Array>;

/** Where nothing is to be fetched. */
export const fetchNothing: FetchImage = async () => {
  throw new MedoidError('url-not-allowed', 'this gallery fetches no pictures', { field: 'url' });
};

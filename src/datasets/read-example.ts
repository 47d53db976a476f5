import { type ErrorCode, MedoidError } from '../errors.js';
import { readImageFile } from '../images/read-image-file.js';
import type { Example } from './dataset.js';

/** The bytes of an example's image, wherever they are. @throws MedoidError as `readImageFile` */
export const readExample = async ({ path, bytes }: Example): Promise<Uint8Array> =>
  bytes ?? readImageFile(path);

/** An image that is left out, and why. */
export interface UnreadableExample {
  readonly path: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * Reads an image and does something with its bytes; where either finds fault with the image, that is noted and nothing
 * answered.
 */
export async function readUnlessBroken<T>(
  example: Example,
  failed: UnreadableExample[],
  use: (bytes: Uint8Array) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await use(await readExample(example));
  } catch (error) {
    if (!(error instanceof MedoidError)) throw error;
    failed.push({ path: example.path, code: error.code, message: error.message });
    return undefined;
  }
}

import { open } from 'node:fs/promises';
import { MedoidError, messageOf } from '../errors.js';
import { defaultImageLimits, type ImageLimits } from './limits.js';

/** @throws MedoidError `file-not-found` when it cannot be opened, `image-too-large` before it is read */
export async function readImageFile(path: string, limits: ImageLimits = defaultImageLimits): Promise<Buffer> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      if (size > limits.maxBytes) {
        throw new MedoidError('image-too-large', `expected at most ${limits.maxBytes} bytes, got ${size}`);
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof MedoidError) throw error;
    throw new MedoidError('file-not-found', `expected a readable file: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

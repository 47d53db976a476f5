import { readFile } from 'node:fs/promises';
import { MedoidError, messageOf } from './errors.js';

/**
 * Reads UTF-8, a byte order mark left out.
 * @throws MedoidError `file-not-found` naming the file, `invalid-dataset` when it is no text
 */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readFile(path).catch(error => {
    throw new MedoidError('file-not-found', `expected the file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new MedoidError('invalid-dataset', `${path}: expected UTF-8`, { cause: error });
  }
}

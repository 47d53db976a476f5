import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { messageOf } from '../../errors.js';

export type ImageCondition =
  | { readonly state: 'whole'; readonly bytes: number }
  | { readonly state: 'missing' }
  | { readonly state: 'damaged' | 'unreadable'; readonly detail: string };

export async function hashFile(path: string): Promise<{ readonly sha256: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

/** Reads a file that should hold an image, piece by piece. */
export async function examineImage(path: string, imageSha256: string): Promise<ImageCondition> {
  try {
    const { sha256, bytes } = await hashFile(path);
    if (sha256 === imageSha256) return { state: 'whole', bytes };
    return { state: 'damaged', detail: `expected SHA-256 ${imageSha256}, got ${sha256} of ${bytes} bytes` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { state: 'missing' };
    return { state: 'unreadable', detail: messageOf(error) };
  }
}

import { createHash } from 'node:crypto';
import type { EmbeddedItem } from '../../catalog/embedding-sets.js';
import { createTurns } from '../../take-turns.js';

/**
 * SHA-256 of which items there are, by ascending id, which label each has and which image: two evaluations of one digest
 * were of the same. Other work has its turns meanwhile.
 * @throws MedoidError `interrupted`
 */
export async function digestItems(
  items: readonly Pick<EmbeddedItem, 'itemId' | 'label' | 'imageSha256'>[],
  signal: AbortSignal,
): Promise<string> {
  const takeTurn = createTurns(signal);
  const hash = createHash('sha256');
  for (const { itemId, label, imageSha256 } of items) {
    await takeTurn();
    hash.update(`${JSON.stringify([itemId, label, imageSha256])}\n`);
  }
  return hash.digest('hex');
}

import { join } from 'node:path';
import type { VectorOfItem } from '../../catalog/catalog-repair.js';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { type Embedder, OnnxEmbedder } from '../../embed/embedder.js';
import { MedoidError } from '../../errors.js';
import { checkVector } from '../../vector-index/checks.js';
import { inBatches } from '../../work-ahead.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import type { MendedGallery } from './check.js';
import { findSet } from './find-set.js';

export interface ItemToEmbed {
  readonly itemId: number;
  readonly setId: number;
}

const batchSize = 32;

/** Embeds with the model that made the set. @throws MedoidError what is wrong with the model */
async function openModel({ directory }: MendedGallery, set: EmbeddingSetRow): Promise<Embedder> {
  const path = join(directory, 'models', set.modelDirectory);
  const embedder = await OnnxEmbedder.open(path);
  if (embedder.modelId === set.modelId && embedder.dimension === set.dimension) return embedder;
  await embedder.close();
  throw new MedoidError('model-mismatch', `${path}: expected ${set.modelId}, got ${embedder.modelId}`);
}

/** Nothing for an item whose picture cannot be read, which is told. */
async function embedItem(
  { audit, images, notify }: MendedGallery,
  { set, itemId, embedder }: { set: EmbeddingSetRow; itemId: number; embedder: Embedder },
): Promise<VectorOfItem | undefined> {
  const item = audit.findItem(itemId);
  if (item === undefined) return undefined;
  const { imageSha256, key } = item;
  try {
    const pixels = await embedder.decode(await images.read(imageSha256));
    const [embedding] = await embedder.embedPixels([pixels]);
    checkVector(embedding, set.dimension);
    return { setId: set.id, itemId, imageSha256, embedding };
  } catch (error) {
    if (!(error instanceof MedoidError)) throw error;
    notify(`item ${itemId} (${key}) could not be embedded: ${error.message}`);
    return undefined;
  }
}

async function embedSet(
  gallery: MendedGallery,
  set: EmbeddingSetRow,
  itemIds: readonly number[],
): Promise<void> {
  const embedder = await openModel(gallery, set);
  try {
    for (const batch of inBatches(itemIds, batchSize)) {
      const made: VectorOfItem[] = [];
      for (const itemId of batch) {
        stopIfAborted(gallery.signal);
        const vector = await embedItem(gallery, { set, itemId, embedder });
        if (vector !== undefined) made.push(vector);
      }
      gallery.repair.replaceVectors(made);
    }
  } finally {
    await embedder.close();
  }
}

/**
 * Embeds items anew, each from its picture with the model of its set; one that cannot be embedded is told of and keeps
 * what it has.
 * @throws MedoidError `interrupted`: what was embedded until then stays
 */
export async function embedAnew(gallery: MendedGallery, items: readonly ItemToEmbed[]): Promise<void> {
  for (const setId of new Set(items.map(item => item.setId))) {
    const set = findSet(gallery.catalog, setId);
    if (set === undefined) continue;
    const itemIds = items.flatMap(item => (item.setId === setId ? [item.itemId] : []));
    try {
      await embedSet(gallery, set, itemIds);
    } catch (error) {
      if (!(error instanceof MedoidError) || error.code === 'interrupted') throw error;
      gallery.notify(`nothing of set ${setId} could be embedded: ${error.message}`);
    }
  }
}

import pLimit from 'p-limit';
import type { Catalog } from '../catalog/catalog.js';
import type { UnembeddedItem } from '../catalog/embedding-sets.js';
import { MedoidError, understandError } from '../errors.js';
import { checkVector } from '../vector-index/checks.js';
import type { EmbeddingSpace } from './embedding-space.js';
import type { ImageStore } from './image-store.js';
import { retryOverloaded } from './retry-overloaded.js';
import { stopIfAborted } from './stop-if-aborted.js';

interface EmbedMissingOptions {
  readonly catalog: Catalog;
  readonly images: ImageStore;
  readonly signal: AbortSignal;
  /** Writes what is to be kept together with the vectors. @param embedded how many there are more */
  readonly alongside: (embedded: number) => void;
}

interface DecodedItem {
  readonly item: UnembeddedItem;
  readonly pixels: Uint8Array;
}

const batchSize = 32;
const decodedAtOnce = 8;

const wrapFailure = (item: UnembeddedItem, error: unknown): MedoidError => {
  const { code, message } = understandError(error);
  return new MedoidError(code, `item ${item.id}: ${message}`, { cause: error });
};

/** Nothing for an item that went, or got another image, before it could be read. */
async function decode(
  item: UnembeddedItem,
  { embedder }: EmbeddingSpace,
  { catalog, images, signal }: EmbedMissingOptions,
): Promise<DecodedItem | undefined> {
  try {
    const image = await images.read(item.imageSha256);
    return { item, pixels: await retryOverloaded(() => embedder.decode(image, { signal }), signal) };
  } catch (error) {
    if (!catalog.hasItemWithImage(item.id, item.imageSha256)) return undefined;
    if (error instanceof MedoidError && error.code === 'interrupted') throw error;
    throw wrapFailure(item, error);
  }
}

function writeVectors(
  space: EmbeddingSpace,
  embedded: readonly { readonly item: UnembeddedItem; readonly vector: Float32Array }[],
  { catalog, alongside }: EmbedMissingOptions,
): void {
  const add = catalog.transaction(() => {
    const written = embedded.flatMap(({ item, vector }) => {
      const id = catalog.sets.addVector(space.setId, item, vector);
      return id === undefined ? [] : [{ id, vector }];
    });
    alongside(written.length);
    return written;
  });
  space.apply({ add, remove: [] });
}

/**
 * Embeds the items that a space has no vectors of, once through all of them; what it has written it need not do again.
 * @throws MedoidError naming the item that cannot be embedded; `interrupted`
 */
export async function embedMissing(space: EmbeddingSpace, options: EmbedMissingOptions): Promise<void> {
  const { catalog, signal } = options;
  const inTurn = pLimit(decodedAtOnce);
  for (let afterId = 0; ; ) {
    stopIfAborted(signal);
    const items = catalog.sets.listUnembedded(space.setId, { afterId, limit: batchSize });
    if (items.length === 0) return;
    afterId = items[items.length - 1].id;
    const decoded = await Promise.all(items.map(item => inTurn(() => decode(item, space, options))));
    const present = decoded.filter(entry => entry !== undefined);
    const vectors = await retryOverloaded(
      () =>
        space.embedder.embedPixels(
          present.map(({ pixels }) => pixels),
          { signal },
        ),
      signal,
    );
    const embedded = present.map(({ item }, i) => ({ item, vector: vectors[i] }));
    for (const { item, vector } of embedded) {
      try {
        checkVector(vector, space.dimension);
      } catch (error) {
        throw wrapFailure(item, error);
      }
    }
    writeVectors(space, embedded, options);
  }
}

import pLimit from 'p-limit';
import type { Catalog } from '../catalog/catalog.js';
import { messageOf } from '../errors.js';
import type { ImageStore } from './image-store.js';
import type { Notify } from './notice.js';

const atOnce = 500;

interface LooseImagesParts {
  readonly catalog: Catalog;
  readonly images: ImageStore;
  readonly notify: Notify;
}

async function sweep({ catalog, images }: LooseImagesParts): Promise<void> {
  let afterId = 0;
  for (;;) {
    const batch = catalog.listLooseImages({ afterId, limit: atOnce });
    if (batch.length === 0) return;
    const settled: number[] = [];
    for (const { id, imageSha256 } of batch) {
      // One that is held is looked at by the last to let go of it, and again when the gallery is opened.
      if ((await images.removeUnlessNeeded(imageSha256)) !== 'held') settled.push(id);
    }
    catalog.forgetLooseImages(settled);
    afterId = batch[batch.length - 1].id;
  }
}

/**
 * Removes the files of images that items let go of, unless others need them. What could not be removed is told, and
 * tried again the next time.
 */
export function createImageSweep(parts: LooseImagesParts): () => Promise<void> {
  const oneAtATime = pLimit(1);
  return () =>
    oneAtATime(() =>
      sweep(parts).catch(error => {
        parts.notify(`images that no item has any more could not be removed: ${messageOf(error)}`, error);
      }),
    );
}

import type { StoredVector } from '../../catalog/catalog-audit.js';
import { decodeEmbedding } from '../../catalog/embedding-blob.js';
import { messageOf } from '../../errors.js';
import { checkVector } from '../../vector-index/checks.js';
import type { CatalogCheck, CheckedGallery } from './check.js';
import { embedAnew, type ItemToEmbed } from './embed-anew.js';
import { findSet } from './find-set.js';
import type { Finding } from './finding.js';

const vectorsAtOnce = 500;

function findFault({ blob }: StoredVector, dimension: number): string | undefined {
  try {
    checkVector(decodeEmbedding(blob, dimension), dimension);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

const nameItem = (
  { audit }: CheckedGallery,
  itemId: number,
): Pick<Finding, 'itemId' | 'key' | 'collection'> => {
  const { key, collection } = audit.findItem(itemId) ?? {};
  return { itemId, key, collection: collection ?? undefined };
};

async function checkStored(gallery: CheckedGallery): Promise<void> {
  const { catalog, audit, takeTurn, tell, progress } = gallery;
  const total = catalog.sets.ids().reduce((sum, id) => sum + catalog.sets.countVectors(id), 0);
  let done = 0;
  for (let afterId = 0; ; ) {
    const page = audit.listVectors({ afterId, limit: vectorsAtOnce });
    if (page.length === 0) return;
    for (const vector of page) {
      await takeTurn();
      // Without a set it is of nothing, which is told elsewhere.
      const set = findSet(catalog, vector.setId);
      const fault = set === undefined ? undefined : findFault(vector, set.dimension);
      if (fault === undefined) continue;
      const subject = { ...nameItem(gallery, vector.itemId), setId: vector.setId, vectorId: vector.id };
      tell({ code: 'vector-unusable', ...subject, detail: fault });
    }
    afterId = page[page.length - 1].id;
    done += page.length;
    progress(done, Math.max(done, total));
  }
}

async function checkMissing(gallery: CheckedGallery): Promise<void> {
  for (let afterId = 0; ; ) {
    const page = gallery.audit.listUnembedded({ afterId, limit: vectorsAtOnce });
    if (page.length === 0) return;
    for (const { itemId, setId } of page) {
      const detail = `expected a vector in set ${setId}, got none`;
      gallery.tell({ code: 'item-unembedded', ...nameItem(gallery, itemId), setId, detail });
    }
    afterId = page[page.length - 1].itemId;
    await gallery.takeTurn();
  }
}

/** In order, so that those of one set are embedded together. */
const toEmbed = (findings: readonly Finding[]): ItemToEmbed[] =>
  findings.flatMap(({ itemId, setId }) =>
    itemId === undefined || setId === undefined ? [] : [{ itemId, setId }],
  );

export const vectors: CatalogCheck = {
  name: 'vectors',
  what: 'that each item has a vector in the set that is searched, and that each vector can be searched',
  needs: 'catalog',
  async check(gallery) {
    await checkMissing(gallery);
    await checkStored(gallery);
  },
  mend: (gallery, findings) => embedAnew(gallery, toEmbed(findings)),
};

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { MedoidError } from '../../errors.js';
import { HnswIndex } from '../../vector-index/hnsw.js';
import { manifestPath } from '../../vector-index/snapshot.js';
import { indexPath } from '../index-files.js';
import type { CatalogCheck, CheckedGallery } from './check.js';
import { examineIndex } from './examine-index.js';
import { findSet } from './find-set.js';
import type { Finding } from './finding.js';
import { isAtRest, isLeftover } from './is-leftover.js';
import { findModifiedMs, listFolder } from './list-folder.js';
import { moveToQuarantine } from './quarantine.js';
import { rebuildIndex } from './rebuild-index.js';
import { tryAgain } from './try-again.js';

const indexFolder = 'index';

async function examineSet(
  gallery: CheckedGallery,
  set: EmbeddingSetRow,
): Promise<Pick<Finding, 'code' | 'detail'>[]> {
  const { catalog, audit, directory } = gallery;
  const path = indexPath(join(directory, indexFolder), set.id);
  const isActive = audit.isActive(set.id);
  if (!existsSync(path) && !existsSync(manifestPath(path))) {
    // Whoever writes has it in memory and saves it by and by.
    const isWanted = isActive && isAtRest(gallery) && catalog.sets.countVectors(set.id) > 0;
    return isWanted ? [{ code: 'index-missing', detail: 'expected an index, got none' }] : [];
  }
  const index = await tryAgain(() => HnswIndex.load(path, set), !isAtRest(gallery));
  if (index instanceof MedoidError) {
    // Its set, and the index with it, may have gone meanwhile.
    return findSet(catalog, set.id) === undefined ? [] : [{ code: 'index-damaged', detail: index.message }];
  }
  return examineIndex(index, { set, isCurrent: isActive && isAtRest(gallery) }, gallery);
}

async function checkSets(gallery: CheckedGallery): Promise<void> {
  const { catalog, audit, tell, progress } = gallery;
  const ids = catalog.sets.ids();
  for (const [i, setId] of ids.entries()) {
    progress(i, ids.length);
    const set = findSet(catalog, setId);
    if (set === undefined) continue;
    const file = `${indexFolder}/${setId}.hnsw`;
    const collection = audit.findCollectionName(set.collectionId);
    for (const fault of await examineSet(gallery, set)) tell({ ...fault, collection, setId, file });
  }
}

/** What belongs to a set goes by its id, whatever its ending. */
function examineFile(
  name: string,
  isSet: (id: number) => boolean,
): Pick<Finding, 'code' | 'detail'> | undefined {
  const [, id, rest] = /^(\d+)\.([\w.-]+)$/.exec(name) ?? [];
  if (id === undefined)
    return { code: 'file-unknown', detail: 'expected files that belong to a set of vectors' };
  if (rest.endsWith('.tmp')) return { code: 'temporary-file', detail: 'nobody is writing it' };
  if (isSet(Number(id))) return undefined;
  return { code: 'index-stray', detail: `there is no set ${id}` };
}

async function checkFiles(gallery: CheckedGallery): Promise<void> {
  const { directory, catalog, tell } = gallery;
  const isSet = (id: number): boolean => catalog.sets.ids().includes(id);
  for (const { name } of await listFolder(join(directory, indexFolder))) {
    const fault = examineFile(name, isSet);
    if (fault === undefined) continue;
    const file = `${indexFolder}/${name}`;
    const modifiedMs = await findModifiedMs(join(directory, file));
    if (modifiedMs !== undefined && isLeftover(gallery, modifiedMs)) tell({ ...fault, file });
  }
}

export const indexes: CatalogCheck = {
  name: 'indexes',
  what: 'that each index fits its manifest and the catalog, and how well its graph finds neighbours',
  needs: 'catalog',
  async check(gallery) {
    await checkSets(gallery);
    await checkFiles(gallery);
  },
  async mend(gallery, findings) {
    for (const { code, file, setId } of findings) {
      await gallery.takeTurn();
      if (setId !== undefined) await rebuildIndex(gallery, setId);
      else if (file !== undefined && code === 'file-unknown') await moveToQuarantine(gallery.directory, file);
      else if (file !== undefined) await rm(join(gallery.directory, file), { force: true });
    }
  },
};

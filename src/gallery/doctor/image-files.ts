import { opendir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hashImage } from '../../images/decode.js';
import { imageFile, isImageFolder, isImageName } from '../image-file.js';
import { createImageSweep } from '../loose-images.js';
import type { CatalogCheck, CheckedGallery, MendedGallery } from './check.js';
import { confirmSuspicion } from './confirm-suspicion.js';
import { examineImage } from './examine-image.js';
import type { Finding } from './finding.js';
import { isLeftover } from './is-leftover.js';
import { findModifiedMs, listFolder } from './list-folder.js';
import { createNeededImageLookup, type NeededImageLookup } from './needed-image-lookup.js';
import { moveToQuarantine } from './quarantine.js';

const imagesFolder = 'images';
const temporaryFolder = 'tmp';

async function checkStray(gallery: CheckedGallery, lookup: NeededImageLookup, sha256: string): Promise<void> {
  const { directory, catalog, audit, tell } = gallery;
  if (lookup.isNeeded(sha256)) return;
  const file = imageFile(sha256);
  const isStray = await confirmSuspicion(catalog, async () => {
    const modifiedMs = await findModifiedMs(join(directory, file));
    if (modifiedMs === undefined || lookup.isNeeded(sha256) || audit.isLoose(sha256)) return false;
    return isLeftover(gallery, modifiedMs);
  });
  if (isStray)
    tell({ code: 'image-stray', imageSha256: sha256, file, detail: 'no item and no job needs it' });
}

async function checkImageFolder(
  gallery: CheckedGallery,
  lookup: NeededImageLookup,
  folder: string,
): Promise<void> {
  for await (const { name } of await opendir(join(gallery.directory, imagesFolder, folder))) {
    await gallery.takeTurn();
    if (isImageName(name, folder)) await checkStray(gallery, lookup, name);
    else {
      const detail = `expected a SHA-256 that begins with ${folder}, got ${name}`;
      gallery.tell({ code: 'image-misnamed', file: `${imagesFolder}/${folder}/${name}`, detail });
    }
  }
}

async function checkTemporary(gallery: CheckedGallery): Promise<void> {
  const folder = `${imagesFolder}/${temporaryFolder}`;
  for (const { name } of await listFolder(join(gallery.directory, folder))) {
    const file = `${folder}/${name}`;
    const modifiedMs = await findModifiedMs(join(gallery.directory, file));
    if (modifiedMs === undefined || !isLeftover(gallery, modifiedMs)) continue;
    gallery.tell({ code: 'temporary-file', file, detail: 'nobody is writing it' });
  }
}

/** Those that wait while somebody writes are about to be looked after. */
async function checkLoose(gallery: CheckedGallery): Promise<void> {
  const { audit, directory, tell } = gallery;
  const count = audit.countLooseImages();
  if (count === 0) return;
  // The log is what a writer writes to.
  const writtenMs = await findModifiedMs(join(directory, 'catalog.sqlite-wal'));
  if (writtenMs !== undefined && !isLeftover(gallery, writtenMs)) return;
  tell({ code: 'loose-images', table: 'loose_images', detail: `expected none that wait, got ${count}` });
}

/** A picture that is missing goes where it belongs; anything else is kept where somebody may look at it. */
async function mendMisnamed(
  { directory, catalog, audit, images }: MendedGallery,
  file: string,
): Promise<void> {
  const path = join(directory, file);
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EISDIR') return undefined;
    throw error;
  });
  const sha256 = bytes === undefined ? '' : hashImage(bytes);
  const isNeeded = bytes !== undefined && createNeededImageLookup(catalog, audit).isNeeded(sha256);
  const there = await examineImage(join(directory, imageFile(sha256)), sha256);
  if (bytes === undefined || !isNeeded || there.state !== 'missing') {
    await moveToQuarantine(directory, file);
    return;
  }
  await images.put(bytes, sha256);
  await rm(path);
}

async function removeStrays(gallery: MendedGallery, strays: readonly string[]): Promise<void> {
  if (strays.length === 0) return;
  if (gallery.isAnythingLost) {
    gallery.notify(`pictures that nothing needs are kept while something is lost: one of them may be it`);
    return;
  }
  for (const sha256 of strays) {
    await gallery.takeTurn();
    if (gallery.isCatalogOlder) await moveToQuarantine(gallery.directory, imageFile(sha256));
    else await gallery.images.removeUnlessNeeded(sha256);
  }
}

async function mendFile(gallery: MendedGallery, { code, file }: Finding): Promise<void> {
  if (file === undefined) return;
  if (code === 'temporary-file') await rm(join(gallery.directory, file), { recursive: true, force: true });
  if (code === 'image-misnamed') await mendMisnamed(gallery, file);
  if (code === 'file-unknown') await moveToQuarantine(gallery.directory, file);
}

/** The pictures seen from the disk: what lies there and is of no use. */
export const imageFiles: CatalogCheck = {
  name: 'image-files',
  what: 'files among the pictures that nothing needs, half-written or under a wrong name',
  needs: 'catalog',
  async check(gallery) {
    const lookup = createNeededImageLookup(gallery.catalog, gallery.audit);
    const entries = await listFolder(join(gallery.directory, imagesFolder));
    for (const [i, entry] of entries.entries()) {
      gallery.progress(i, entries.length);
      if (entry.isDirectory() && isImageFolder(entry.name))
        await checkImageFolder(gallery, lookup, entry.name);
      else if (entry.name !== temporaryFolder) {
        const file = `${imagesFolder}/${entry.name}`;
        gallery.tell({ code: 'file-unknown', file, detail: 'expected folders of pictures only' });
      }
    }
    await checkTemporary(gallery);
    await checkLoose(gallery);
  },
  async mend(gallery, findings) {
    const { catalog, images, notify } = gallery;
    for (const finding of findings) {
      await gallery.takeTurn();
      await mendFile(gallery, finding);
    }
    if (findings.some(({ code }) => code === 'loose-images')) {
      await createImageSweep({ catalog, images, notify })();
    }
    await removeStrays(
      gallery,
      findings.flatMap(({ code, imageSha256 }) =>
        code === 'image-stray' && imageSha256 !== undefined ? [imageSha256] : [],
      ),
    );
  },
};

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CatalogSnapshot } from '../../catalog/catalog-snapshot.js';
import { checkCatalog, checkKeys } from '../../catalog/check-database.js';
import { loadModel } from '../../embed/manifest.js';
import { MedoidError } from '../../errors.js';
import { imageFile } from '../image-file.js';
import { imagesOfJob } from '../jobs/images-of-job.js';
import { entryNames } from './backup-format.js';
import type { UnpackedBackup } from './unpack-backup.js';

interface Contents {
  /** Folder that the backup is unpacked in. */
  readonly directory: string;
  readonly unpacked: UnpackedBackup;
}

function checkImages(snapshot: CatalogSnapshot, { images, summary }: UnpackedBackup): Set<string> {
  const known = new Set(summary.missing.map(({ name }) => name));
  const needed = new Set([...snapshot.listImages(), ...snapshot.listWaitingJobs().flatMap(imagesOfJob)]);
  for (const image of needed) {
    if (images.has(image) || known.has(imageFile(image))) continue;
    throw new MedoidError('invalid-backup', `its catalog needs the image ${image}, which it does not have`);
  }
  return needed;
}

async function checkModels(snapshot: CatalogSnapshot, { directory, unpacked }: Contents): Promise<void> {
  const known = new Set(unpacked.summary.missing.map(({ name }) => name));
  for (const { modelId, modelDirectory } of snapshot.listModels()) {
    if (known.has(`models/${modelDirectory}`)) continue;
    const { id } = await loadModel(join(directory, 'models', modelDirectory));
    if (id === modelId) continue;
    throw new MedoidError('invalid-backup', `models/${modelDirectory}: expected ${modelId}, got ${id}`);
  }
}

/**
 * Makes sure that what was unpacked can be served, but for what the backup says is missing: reads the databases to the
 * last page, brings them to the newest version, and looks for every image and model that the catalog needs.
 * @returns the images that are needed
 * @throws MedoidError `invalid-backup`, `invalid-gallery`, or what is wrong with a model
 */
export async function checkContents({ directory, unpacked }: Contents): Promise<ReadonlySet<string>> {
  const catalog = join(directory, entryNames.catalog);
  const keys = join(directory, entryNames.keys);
  checkCatalog(catalog);
  if (existsSync(keys)) checkKeys(keys);
  const snapshot = CatalogSnapshot.take(catalog);
  try {
    await checkModels(snapshot, { directory, unpacked });
    return checkImages(snapshot, unpacked);
  } finally {
    snapshot.close();
  }
}

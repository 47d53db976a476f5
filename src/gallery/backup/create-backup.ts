import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CatalogSnapshot } from '../../catalog/catalog-snapshot.js';
import { checkKeys } from '../../catalog/check-database.js';
import { copyKeys } from '../../catalog/copy-keys.js';
import { moveIntoPlace } from '../../durable-file.js';
import { MedoidError, messageOf } from '../../errors.js';
import { version } from '../../package-version.js';
import { storageTrouble } from '../../storage-trouble.js';
import { createImageStore } from '../image-store.js';
import type { Notify } from '../notice.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import { ArchiveWriter } from './archive-writer.js';
import {
  type BackupHeader,
  type BackupSummary,
  entryNames,
  formatVersion,
  type MissingEntry,
} from './backup-format.js';
import { checkPlace, requireFree } from './backup-place.js';
import { ImageCopier } from './image-copier.js';
import { ModelCopier } from './model-copier.js';
import { verifyBackup } from './verify-backup.js';

export interface BackupOptions {
  /** Folder of the gallery; nothing in it is changed. */
  readonly gallery: string;
  /** Takes the place of a backup that is there. */
  readonly overwrite: boolean;
  readonly signal: AbortSignal;
  readonly onImages: (done: number, total: number) => void;
  /** While the backup is read back. */
  readonly onVerified: (bytes: number, total: number) => void;
  readonly notify: Notify;
}

export interface BackupReport extends BackupSummary {
  readonly bytes: number;
  readonly createdAt: string;
}

/** Each takes less time than the one before, in which less changes: few come to more than three. */
const mostRounds = 100;

interface Work {
  readonly options: BackupOptions;
  /** Folder of our own, beside the backup. */
  readonly scratch: string;
  readonly archive: ArchiveWriter;
  readonly images: ImageCopier;
  readonly models: ModelCopier;
}

const catalogOf = ({ options }: Work): string => join(options.gallery, entryNames.catalog);

/** What was there when the backup began, which takes longest: the catalog is not kept from being tidied meanwhile. */
async function copyFirst(work: Work): Promise<void> {
  const snapshot = CatalogSnapshot.take(catalogOf(work));
  let images: readonly string[];
  let models: ReturnType<CatalogSnapshot['listModels']>;
  try {
    images = work.images.list(snapshot);
    models = snapshot.listModels();
  } finally {
    snapshot.close();
  }
  await work.models.copy(models);
  await work.models.copyOthers(models);
  await work.images.copy(images);
}

/** Copies what changed, until a snapshot is found of which everything is copied; then that very snapshot. */
async function copyRest(work: Work): Promise<BackupSummary> {
  for (let round = 0; round < mostRounds; round++) {
    const snapshot = CatalogSnapshot.take(catalogOf(work));
    try {
      const unsettled =
        (await work.models.copy(snapshot.listModels())) +
        (await work.images.copy(work.images.list(snapshot)));
      if (unsettled === 0) return await addDatabases(work, snapshot);
    } finally {
      snapshot.close();
    }
  }
  throw new MedoidError(
    'overloaded',
    'images go faster than they can be copied: try again when less is removed',
  );
}

async function addDatabases(work: Work, snapshot: CatalogSnapshot): Promise<BackupSummary> {
  const { options, scratch, archive, images, models } = work;
  const path = join(scratch, entryNames.catalog);
  const lost = [
    ...models.listLost(snapshot.listModels()),
    ...images.listLost(snapshot),
    ...(await addKeys(work)),
  ];
  await snapshot.copyTo(path, options);
  await archive.addFile(entryNames.catalog, path);
  await rm(path);
  const summary = { ...snapshot.counts(), images: images.count, models: models.count, missing: lost };
  await archive.addJson(entryNames.summary, summary);
  return summary;
}

/** @returns them where they are lost: keys can be made anew, a catalog cannot */
async function addKeys({ options, scratch, archive }: Work): Promise<MissingEntry[]> {
  const path = join(scratch, entryNames.keys);
  try {
    if (!(await copyKeys(options.gallery, path, options))) return [];
    checkKeys(path);
  } catch (error) {
    if (!(error instanceof MedoidError) || error.code === 'interrupted') throw error;
    if (storageTrouble(error) === 'storage-full') throw error;
    return [{ name: entryNames.keys, reason: error.message }];
  }
  await archive.addFile(entryNames.keys, path);
  return [];
}

/** Writes all of it under a name of our own, and reads it back. */
async function write(file: string, scratch: string, options: BackupOptions): Promise<BackupReport> {
  const { gallery, signal, notify, onImages: onProgress, onVerified } = options;
  const archive = new ArchiveWriter(file, signal);
  const images = new ImageCopier({
    images: createImageStore(join(gallery, 'images'), { isNeeded: () => true }),
    ...{ archive, signal, onProgress },
  });
  const models = new ModelCopier({ directory: join(gallery, 'models'), archive, notify });
  const work: Work = { options, scratch, archive, images, models };
  const createdAt = new Date().toISOString();
  try {
    const header: BackupHeader = { formatVersion, medoid: version, createdAt };
    await archive.addJson(entryNames.header, header);
    await copyFirst(work);
    const summary = await copyRest(work);
    await archive.finish();
    const { size: bytes } = await stat(file);
    await verifyBackup(file, {
      ...{ signal, scratch: join(scratch, 'read-back-') },
      onProgress: done => onVerified(done, bytes),
    });
    return { ...summary, bytes, createdAt };
  } finally {
    await archive.abandon();
  }
}

/**
 * Writes one file with all that a gallery is made of, as it is at one moment, while another process may serve it and
 * write to it. The file appears whole, read back and checked, or not at all. What is lost of the gallery itself is told
 * in the report, and everything else saved.
 * @throws MedoidError `out-exists`, `invalid-option`, `file-not-found`, `file-unusable`, `interrupted`, or what is wrong
 * with the catalog
 */
export async function createBackup(file: string, options: BackupOptions): Promise<BackupReport> {
  const { gallery, overwrite } = options;
  CatalogSnapshot.take(join(gallery, entryNames.catalog)).close();
  await checkPlace(file, { gallery, overwrite });
  const target = resolve(file);
  const scratch = await mkdtemp(`${target}.`).catch(error => {
    throw new MedoidError('file-unusable', `${file} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  });
  try {
    const written = join(scratch, 'backup.tar');
    const report = await write(written, scratch, options);
    stopIfAborted(options.signal);
    await requireFree(target, { overwrite });
    await moveIntoPlace(written, target);
    return report;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

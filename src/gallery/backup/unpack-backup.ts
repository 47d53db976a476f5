import { buffer } from 'node:stream/consumers';
import { z } from 'zod';
import { MedoidError, messageOf } from '../../errors.js';
import {
  type BackupHeader,
  type BackupSummary,
  entryNames,
  formatVersion,
  headerSchema,
  summarySchema,
} from './backup-format.js';
import { FolderWriter } from './folder-writer.js';
import { type ArchivedEntry, type ReadOptions, readArchive } from './read-archive.js';

export interface UnpackOptions extends ReadOptions {
  /** Folder that what a gallery is made of is written to. */
  readonly directory: string;
  /** Unless it is true the images are read and left where they are. */
  readonly withImages: boolean;
}

/** What a backup says of itself, and which images it has. */
export interface UnpackedBackup {
  readonly header: BackupHeader;
  readonly summary: BackupSummary;
  readonly images: ReadonlySet<string>;
}

const mostJsonBytes = 256 * 2 ** 20;

/** @throws MedoidError `invalid-backup` */
async function readJson<T>({ name, bytes, chunks }: ArchivedEntry, schema: z.ZodType<T>): Promise<T> {
  if (bytes > mostJsonBytes) throw new MedoidError('invalid-backup', `${name} has ${bytes} bytes`);
  const text = (await buffer(chunks)).toString();
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new MedoidError('invalid-backup', `${name} is not understood: ${reason}`, { cause: error });
  }
}

/** A newer format may say more or otherwise, so its number is looked at before anything else. */
const anyHeaderSchema = z.looseObject({ formatVersion: z.int() }).transform((header, context) => {
  if (header.formatVersion === formatVersion) return header;
  const message = `expected format ${formatVersion}, got ${header.formatVersion}: use a newer Medoid`;
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

/**
 * Reads a backup and writes what it has to a folder, which is good only when this returns.
 * @throws MedoidError as `readArchive`, or `file-unusable` when there is no room
 */
export async function unpackBackup(file: string, options: UnpackOptions): Promise<UnpackedBackup> {
  const { directory, withImages } = options;
  const folder = new FolderWriter(directory);
  const images = new Set<string>();
  let header: BackupHeader | undefined;
  let summary: BackupSummary | undefined;
  let hasCatalog = false;
  await readArchive(
    file,
    async entry => {
      if (entry.kind === 'header') header = await readJson(entry, anyHeaderSchema.pipe(headerSchema));
      else if (entry.kind === 'summary') summary = await readJson(entry, summarySchema);
      else if (entry.kind !== 'image' || withImages) await folder.write(entry);
      else for await (const _ of entry.chunks);
      if (entry.kind === 'catalog') hasCatalog = true;
      if (entry.kind === 'image') images.add(entry.name.slice(-64));
    },
    options,
  );
  await folder.sync(options.signal);
  if (header === undefined || summary === undefined || !hasCatalog) {
    const { catalog, summary: name } = entryNames;
    throw new MedoidError(
      'invalid-backup',
      `${file} is no whole backup: it lacks ${hasCatalog ? name : catalog}`,
    );
  }
  return { header, summary, images };
}

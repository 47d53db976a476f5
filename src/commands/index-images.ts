import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../durable-file.js';
import { loadModel } from '../embed/manifest.js';
import { errorCatalogue, MedoidError, understandError } from '../errors.js';
import type { Collection } from '../gallery/collection.js';
import { Gallery } from '../gallery/gallery.js';
import type { ImageSource } from '../gallery/image-source.js';
import { type ImportReport, importImages } from '../gallery/import-images.js';
import { openSource } from '../gallery/open-source.js';
import { resolveModel } from '../hub/kept-models.js';
import { type CommandContext, type CommandResult, defineCommand, numeric } from './command.js';
import { modelsOption } from './models-option.js';
import { createProgress } from './progress.js';

const shownFailures = 20;

function openCollection(gallery: Gallery, name: string, model: string | undefined): Promise<Collection> {
  if (model !== undefined) return gallery.createCollection(name, model);
  const exists = gallery.listCollections().some(collection => collection.name === name);
  if (exists) return gallery.collection(name);
  throw new MedoidError(
    'invalid-option',
    `the gallery has no collection ${name} yet: --model says which model directory to make it with`,
    { field: 'model' },
  );
}

/** @returns where it was written */
async function writeReport(directory: string, report: object): Promise<string> {
  await mkdir(join(directory, 'reports'), { recursive: true });
  const path = join(directory, 'reports', `index-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`);
  await replaceFile(path, `${JSON.stringify(report, null, 2)}\n`);
  return path;
}

/** What the images are there without: where it cannot be written that is told. @returns whether it was done */
async function tryTo(
  what: string,
  report: CommandContext['report'],
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    const { code, message } = understandError(error);
    if (code === 'internal-error') throw error;
    report(`${what}: ${code}: ${message}`);
    return false;
  }
}

function describe(report: ImportReport, reportPath: string | undefined): string {
  const { added, replaced, updated, unchanged, ignored, failed } = report;
  const counts = { added, replaced, updated, unchanged, ignored, failed: failed.length };
  const lines = failed
    .slice(0, shownFailures)
    .map(({ path, code, message }) => `  ${path}: ${code}: ${message}`);
  if (failed.length > shownFailures) lines.push(`  and ${failed.length - shownFailures} more`);
  const summary = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  const written = reportPath === undefined ? [] : [`report: ${reportPath}`];
  return [summary.join(', '), ...lines, ...written].join('\n');
}

interface Addition {
  readonly images: ImageSource;
  /** Where they were found. */
  readonly source: string;
  readonly gallery: string;
  readonly collection: string;
  readonly model?: string | undefined;
  readonly batch: number;
}

async function addImages(
  gallery: Gallery,
  { images, source, gallery: directory, batch, ...input }: Addition,
  { signal, report: tell }: CommandContext,
): Promise<CommandResult & { readonly exitCode: number }> {
  const collection = await openCollection(gallery, input.collection, input.model);
  const rebuiltBecause = await collection.rebuiltBecause();
  if (rebuiltBecause !== undefined) {
    tell(`the index is built anew from the catalog: ${rebuiltBecause}`);
  }
  const progress = createProgress('index', images.images.length, 'images');
  const report = await importImages(collection, images, {
    batchSize: batch,
    signal,
    onProgress: (done, { failed }) => progress.update(done, `${failed.length} failed`),
  }).finally(progress.close);
  const isSaved = await tryTo('the index was not saved, and will be built anew', tell, () =>
    collection.save(signal),
  );
  const { modelId } = collection;
  let reportPath: string | undefined;
  const isReported = await tryTo('the report was not saved', tell, async () => {
    reportPath = await writeReport(directory, { source, modelId, ...report });
  });
  const isWhole = isSaved && isReported && report.failed.length === 0;
  const exitCode = signal.aborted ? errorCatalogue.interrupted.exit : Number(!isWhole);
  return { json: report, text: describe(report, reportPath), exitCode };
}

export const indexImages = defineCommand({
  name: 'index',
  summary:
    'Add the images of a folder or a CSV file to a gallery; run again, add what is new and replace what changed.',
  arguments: z.strictObject({
    source: z
      .string()
      .min(1)
      .describe(
        'a folder, or a .csv file with a column path and, if wanted, label and key; all others are metadata',
      ),
  }),
  options: z.strictObject({
    gallery: z.string().min(1).describe('folder of the gallery; made when it is not there'),
    model: z
      .string()
      .min(1)
      .optional()
      .describe('model directory, or name of a model in --models; needed for a new collection'),
    models: modelsOption,
    collection: z.string().default('default').describe('which collection of the gallery'),
    labelFrom: z
      .enum(['folder', 'none'])
      .default('folder')
      .describe('label images of a folder with the name of the top folder they lie in'),
    batch: numeric(z.number().int().min(1).max(1024)).default(64).describe('images embedded together'),
  }),
  async run(input, context): Promise<CommandResult> {
    const images = await openSource(input.source, { labelFrom: input.labelFrom });
    // Before a gallery is made for it.
    const model = input.model === undefined ? undefined : resolveModel(input.model, input.models);
    if (model !== undefined) await loadModel(model);
    // Jobs are the server's: they need what only it is set up with.
    const gallery = await Gallery.open(input.gallery, {
      access: 'write',
      create: model !== undefined,
      runJobs: false,
    });
    const close = (): Promise<boolean> =>
      tryTo('the gallery was not closed in good order', context.report, () => gallery.close());
    const answer = await addImages(gallery, { images, ...input, model }, context).catch(async error => {
      await close();
      throw error;
    });
    return (await close()) ? answer : { ...answer, exitCode: answer.exitCode || 1 };
  },
});

import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../durable-file.js';
import type { HubFile } from './find-hub-file.js';
import type { HubModel } from './known-models.js';

/** Which file a part is of: of another one it is of no use. */
const partSchema = z.strictObject({
  repository: z.string(),
  file: z.string(),
  etag: z.string(),
  bytes: z.int(),
});

type PartOf = z.infer<typeof partSchema>;

/** Beside the place of a model, while it is pulled and until that has succeeded. */
export const pullFolder = (directory: string): string => `${directory}.pulling`;

async function readPart(path: string): Promise<PartOf | undefined> {
  try {
    return partSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // Missing or cut short: then what lies beside it is of nobody knows what.
    return undefined;
  }
}

/**
 * Makes the folder ready for a download: what is there of this very file stays, of any other nothing.
 * @param folder of `pullFolder`, kept to this process
 * @returns the folder that is to become the model
 */
export async function preparePull(
  folder: string,
  { repository, file }: HubModel,
  found: HubFile,
): Promise<string> {
  const { etag, bytes } = found;
  const wanted: PartOf = { repository, file, etag, bytes };
  const path = join(folder, 'part.json');
  const model = join(folder, 'model');
  const known = await readPart(path);
  if (JSON.stringify(known) !== JSON.stringify(wanted)) {
    await rm(model, { recursive: true, force: true });
    await replaceFile(path, JSON.stringify(wanted));
  }
  await mkdir(model, { recursive: true });
  return model;
}

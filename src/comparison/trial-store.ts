import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../durable-file.js';
import { MedoidError, messageOf } from '../errors.js';

/** What one training and its evaluation gave. */
export const trialResultSchema = z.strictObject({
  /** Null when training left the finite numbers. */
  quality: z
    .strictObject({
      nmi: z.number(),
      f1: z.number(),
      ami: z.number(),
      rPrecision: z.number(),
      mapAtR: z.number(),
      recallAt: z.record(z.string(), z.number()),
    })
    .nullable(),
  /** Spent in training steps. */
  seconds: z.number(),
  steps: z.int(),
});
export type TrialResult = z.output<typeof trialResultSchema>;
export type Quality = NonNullable<TrialResult['quality']>;

const fileSchema = z.strictObject({ identity: z.unknown(), result: trialResultSchema });

/**
 * Results of trials on disk, by everything that decides them: what was done once is not done again, whether the
 * comparison was stopped or its recipe changed.
 */
export class TrialStore {
  /** @param folder is made when there is something to put there */
  constructor(private readonly folder: string) {}

  /** @throws MedoidError `file-unusable` for a damaged file */
  async find(identity: unknown): Promise<TrialResult | undefined> {
    const path = this.pathOf(identity);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    try {
      return fileSchema.parse(JSON.parse(text)).result;
    } catch (error) {
      throw new MedoidError(
        'file-unusable',
        `${path} is not the result of a trial; delete it to have it done again: ${messageOf(error)}`,
        { cause: error },
      );
    }
  }

  async save(identity: unknown, result: TrialResult): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    await replaceFile(this.pathOf(identity), `${JSON.stringify({ identity, result }, null, 2)}\n`);
  }

  /** Where a trial under way keeps its checkpoint. */
  runDirectoryOf(identity: unknown): string {
    return `${this.pathOf(identity)}.training`;
  }

  private pathOf(identity: unknown): string {
    const hash = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
    return join(this.folder, `${hash.slice(0, 32)}.json`);
  }
}

import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { MedoidError } from '../errors.js';
import { restoreBackup } from '../gallery/backup/restore-backup.js';
import type { UnpackedBackup } from '../gallery/backup/unpack-backup.js';
import { verifyBackup } from '../gallery/backup/verify-backup.js';
import { type CommandContext, type CommandResult, defineCommand } from './command.js';
import { describeBackup } from './describe-backup.js';
import { createStages } from './stages.js';

interface RestoreInput {
  readonly file: string;
  readonly gallery?: string | undefined;
  readonly check: boolean;
}

async function read({ file, gallery }: RestoreInput, { signal }: CommandContext): Promise<UnpackedBackup> {
  const stages = createStages();
  // Where there is none, reading it says so.
  const total = (await stat(file).catch(() => undefined))?.size ?? 0;
  const options = {
    signal,
    onProgress: (done: number) => stages.update('read', { done, total, unit: 'bytes' }),
  };
  const reading =
    gallery === undefined
      ? verifyBackup(file, { ...options, scratch: join(tmpdir(), 'medoid-check-') })
      : restoreBackup(file, gallery, options);
  return reading.finally(stages.close);
}

export const restore = defineCommand({
  name: 'restore',
  summary: 'Make a gallery of a backup, or see whether one could be made.',
  arguments: z.strictObject({ file: z.string().min(1).describe('what medoid backup wrote') }),
  options: z.strictObject({
    gallery: z.string().min(1).optional().describe('folder to make; it may be there if it is empty'),
    check: z.boolean().default(false).describe('make no gallery, but read and check all of the backup'),
  }),
  async run(input, context): Promise<CommandResult> {
    const { file, gallery = null, check } = input;
    if (check === (gallery !== null)) {
      const got = check ? 'both' : 'neither';
      throw new MedoidError('invalid-option', `expected either --gallery or --check, got ${got}`);
    }
    const { header, summary } = await read(input, context);
    const what = gallery === null ? `${file} is whole` : `made ${gallery} of ${file}`;
    return {
      json: { file, gallery, createdAt: header.createdAt, medoid: header.medoid, ...summary },
      text: [`${what}, begun ${header.createdAt}`, ...describeBackup(summary)].join('\n'),
    };
  },
});

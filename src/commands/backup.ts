import { z } from 'zod';
import { createBackup } from '../gallery/backup/create-backup.js';
import { type CommandResult, defineCommand } from './command.js';
import { describeBackup } from './describe-backup.js';
import { createStages } from './stages.js';
import { galleryOption } from './use-keys.js';

export const backup = defineCommand({
  name: 'backup',
  summary: 'Write a gallery to one file, as it is at one moment, while it is served and changed.',
  arguments: z.strictObject({
    file: z.string().min(1).describe('tar file to write, outside of the gallery'),
  }),
  options: z.strictObject({
    gallery: galleryOption,
    overwrite: z.boolean().default(false).describe('replace a file that is there'),
  }),
  async run({ file, gallery, overwrite }, { signal, report: tell }): Promise<CommandResult> {
    const stages = createStages();
    const report = await createBackup(file, {
      ...{ gallery, overwrite, signal, notify: tell },
      onImages: (done, total) => stages.update('copy', { done, total, unit: 'images' }),
      onVerified: (done, total) => stages.update('read back', { done, total, unit: 'bytes' }),
    }).finally(stages.close);
    return {
      json: { file, ...report },
      text: [`wrote ${file}, read back: ${report.bytes} bytes`, ...describeBackup(report)].join('\n'),
      exitCode: Math.min(1, report.missing.length),
    };
  },
});
